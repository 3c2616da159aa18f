import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.loadtest.block import percentile, read_block

LINE = {
    "arm": "candidate",
    "scheduled": 3,
    "sent": 3,
    "failed": 1,
    "latencies": [2000, 1000],
    "lagP99": 0.001,
    "cpu": 0.1,
    "reasons": {"status 500": 1},
}


def test_a_line_of_the_generator_is_read_in_order():
    block = read_block(LINE)

    assert block.latencies == (1000, 2000)
    assert block.reasons == {"status 500": 1}


@pytest.mark.parametrize("key", sorted(LINE))
def test_a_line_that_lacks_something_is_refused(key):
    with pytest.raises(KeyError):
        read_block({name: value for name, value in LINE.items() if name != key})


def test_a_failed_request_counts_as_one_that_timed_out(a_block):
    block = a_block(sent=4, failed=2, latencies=(1000, 2000))

    assert block.percentile(0.5, 9.0) == 0.002
    assert block.percentile(0.75, 9.0) == 9.0


def test_no_requests_have_no_percentile(a_block):
    assert a_block(sent=0, latencies=()).percentile(0.5, 9.0) is None


@given(st.lists(st.integers(0, 10**7), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_the_percentile_is_the_nearest_rank(latencies, rank):
    ascending = np.sort(np.array(latencies, np.int64))

    value = percentile(ascending, 0, rank, 99.0)

    assert value == np.quantile(ascending, rank, method="inverted_cdf") / 1e6
