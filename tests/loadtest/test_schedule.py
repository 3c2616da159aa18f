import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.loadtest.schedule import arrivals

rates = st.floats(0.1, 500)
lengths = st.floats(0.05, 20)
seeds = st.integers(0, 2**63 - 1)


@given(rates, lengths, seeds)
def test_arrivals_ascend_within_the_block(rate, seconds, seed):
    times = arrivals(rate, seconds, seed)

    assert len(times) >= 1
    assert all(0.0 <= time < seconds for time in times)
    assert all(before <= after for before, after in itertools.pairwise(times))


@given(rates, lengths, seeds)
def test_a_seed_says_it_all(rate, seconds, seed):
    assert arrivals(rate, seconds, seed) == arrivals(rate, seconds, seed)


@given(seeds)
def test_the_rate_is_kept(seed):
    # Five standard deviations of a Poisson number with mean 20,000.
    assert len(arrivals(200, 100, seed)) == pytest.approx(20_000, abs=5 * np.sqrt(20_000) + 1)


def test_gaps_are_exponential():
    gaps = np.diff(arrivals(100, 1000, 7))

    assert gaps.mean() == pytest.approx(0.01, rel=0.02)
    assert gaps.std() == pytest.approx(0.01, rel=0.02)
    assert np.mean(gaps > 0.02) == pytest.approx(np.exp(-2), rel=0.05)


def test_seeds_differ():
    assert arrivals(50, 2, 1) != arrivals(50, 2, 2)
