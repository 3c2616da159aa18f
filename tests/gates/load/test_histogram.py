import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.gates.load.histogram import histogram

times = st.lists(st.integers(0, 60_000_000), max_size=60).map(
    lambda values: np.sort(np.asarray(values, dtype=np.int64))
)


@given(latencies=times)
def test_every_request_is_counted_below_its_bound_and_within_ten_percent_of_it(latencies):
    counted = histogram(latencies)
    assert sum(number for _, number in counted) == len(latencies)
    bounds = [bound for bound, _ in counted]
    assert bounds == sorted(set(bounds))
    buckets = np.repeat(bounds, [number for _, number in counted]) * 1e6
    assert np.all(np.maximum(latencies, 1) <= buckets * 1.0006)
    assert np.all(buckets <= np.maximum(latencies, 1) * 1.1)


@settings(max_examples=20)
@given(one=times, other=times)
def test_two_parts_add_up_to_the_whole(one, other):
    added = {}
    for bound, number in histogram(one) + histogram(other):
        added[bound] = added.get(bound, 0) + number
    whole = histogram(np.sort(np.concatenate([one, other])))
    assert [[bound, added[bound]] for bound in sorted(added)] == whole


def test_it_is_bounded():
    assert len(histogram(np.arange(1, 60_000_001, 13))) <= 208
