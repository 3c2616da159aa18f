import math

import pytest

from mlci.loadtest.void import lag_limit, void


def test_a_good_block_counts(a_block):
    assert void(a_block(), 0.005) == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lag_p99": 0.0051}, "late"),
        ({"lag_p99": math.nan}, "late"),
        ({"sent": 97}, "only 97 of 100"),
        ({"sent": 0, "latencies": ()}, "only 0 of 100"),
        ({"cpu": 0.91}, "91% of a processor"),
        ({"cpu": math.nan}, "of a processor"),
    ],
)
def test_a_block_that_tells_of_the_generator_is_void(a_block, changes, reason):
    assert reason in void(a_block(**changes), 0.005)


def test_the_edges_still_count(a_block):
    assert void(a_block(sent=98, lag_p99=0.005, cpu=0.9), 0.005) == ""


def test_lag_is_held_against_the_smallest_objective():
    assert lag_limit(0.1, 5.0) == pytest.approx(0.01)


def test_lag_is_held_against_the_champion_where_only_ratios_are_asked_for():
    assert lag_limit(None, 0.2) == pytest.approx(0.02)
    assert lag_limit(None, 0.002) == 0.005
    assert lag_limit(None, None) == 0.005
