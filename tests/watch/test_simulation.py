"""The error rates that docs/watch.md states, and the power."""

import math

import numpy as np
import pytest

from mlci.records.outcome import Health

pytestmark = pytest.mark.simulation
RUNS = 200


def ramp(time: float) -> float:
    return 0.05 if time < 120 else 0.25 if time < 300 else 0.5


def tide(time: float) -> float:
    """The base error rate moves between half and double while the weights ramp."""
    return 2.0 ** math.sin(time / 100.0)


def aborts(runs):
    return [run.time for run in runs if run.assessment.health is Health.REGRESSED]


def test_an_equal_canary_is_rarely_aborted_while_weights_and_base_rate_move(traffic, server):
    runs = [traffic(seed, server(), server(), weight=ramp, drift=tide) for seed in range(RUNS)]
    assert len(aborts(runs)) / RUNS <= 0.05


def test_a_canary_at_the_tolerated_ratio_is_rarely_certified(traffic, server):
    runs = [
        traffic(seed, server(errors=0.012), server(errors=0.008), weight=ramp, drift=tide)
        for seed in range(RUNS)
    ]
    assert sum(run.certified for run in runs) / RUNS <= 0.05


def test_twice_the_errors_are_found(traffic, server):
    runs = [traffic(seed, server(errors=0.01), server(), weight=ramp) for seed in range(100)]
    assert len(aborts(runs)) >= 97


def test_answers_30_percent_slower_are_found_within_a_minute(traffic, server):
    runs = [traffic(seed, server(median=0.039), server(), weight=ramp) for seed in range(100)]
    assert len(aborts(runs)) == 100
    assert np.median(aborts(runs)) <= 60


def test_a_longer_tail_alone_is_rarely_certified(traffic, server):
    """At the tolerated ratio beyond the largest bound, equal at the others, over the budget."""
    runs = [
        traffic(seed, server(tail=0.03), server(tail=0.02), weight=ramp) for seed in range(RUNS)
    ]
    assert sum(run.certified for run in runs) / RUNS <= 0.05


def test_an_equal_canary_is_certified(traffic, server):
    runs = [
        traffic(seed, server(), server(), weight=ramp, seconds=1800, stop_when_certified=True)
        for seed in range(100)
    ]
    assert sum(run.certified for run in runs) >= 95


def test_alone_at_the_budget_it_is_rarely_taken_back(traffic, server):
    runs = [traffic(seed, server(errors=0.005, median=0.03), None) for seed in range(RUNS)]
    assert len(aborts(runs)) / RUNS <= 0.05
