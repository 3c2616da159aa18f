"""Bounds of a median: exact binomial levels, and coverage for a skewed distribution."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from mlci.statistics.median import (
    fewest,
    median_interval,
    passing_share,
    upper_rank,
    values_needed,
)

CONFIDENCES = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@pytest.mark.parametrize(("confidence", "least"), [(0.8, 3), (0.875, 3), (0.95, 5), (0.99, 7)])
def test_the_fewest_values_that_have_bounds(confidence, least):
    assert fewest(confidence) == least
    assert median_interval(range(least - 1), confidence) is None
    assert passing_share(least - 1, confidence) is None
    assert median_interval(range(least), confidence) == (0, least - 1)


def test_eleven_values_leave_out_two_on_each_side():
    assert median_interval([5, 11, 1, 9, 2, 10, 3, 8, 4, 7, 6], 0.95) == (3, 9)


@given(n=st.integers(1, 300), confidence=CONFIDENCES)
def test_the_rank_is_the_smallest_that_keeps_the_level(n, confidence):
    rank = upper_rank(n, confidence)
    if rank is None:
        assert n < fewest(confidence)
        return
    assert binom.sf(rank - 1, n, 0.5) <= 1 - confidence + 1e-12
    assert binom.sf(rank - 2, n, 0.5) > 1 - confidence


def test_values_that_are_not_finite_are_refused():
    for wrong in (math.nan, math.inf):
        with pytest.raises(ValueError, match="finite"):
            median_interval([1, 2, 3, 4, 5, wrong], 0.95)


def test_what_is_promised_of_power_is_kept():
    share = passing_share(11, 0.95)
    assert share is not None
    assert binom.sf(upper_rank(11, 0.95) - 1, 11, share) == pytest.approx(0.8)


def test_values_that_are_needed():
    assert values_needed(6, 12, 0.95) is None
    assert values_needed(3, 3, 0.95) == fewest(0.95)
    near, far = values_needed(6, 11, 0.95), values_needed(9, 11, 0.95)
    assert near is not None
    assert far is not None
    assert near > 300 > far > 11


@pytest.mark.simulation
@pytest.mark.parametrize("n", [5, 11, 40])
def test_each_bound_misses_the_median_as_often_as_is_said(n):
    random = np.random.default_rng(n)
    samples = np.exp(random.normal(0.0, 1.0, (20_000, n)))  # skewed; the median is 1
    bounds = [median_interval(each, 0.95) for each in samples]
    above = np.mean([low > 1.0 for low, _ in bounds])
    below = np.mean([high < 1.0 for _, high in bounds])
    error = 3 * math.sqrt(0.05 * 0.95 / len(samples))
    exact = binom.sf(upper_rank(n, 0.95) - 1, n, 0.5)
    assert exact <= 0.05
    assert max(abs(above - exact), abs(below - exact)) < error


def test_levels_that_a_binomial_meets_exactly():
    for n in range(1, 45):
        assert upper_rank(n, 1 - 0.5**n) == n
        assert fewest(1 - 0.5**n) == n
    # (1 / 2)^n as it comes out of levels that were divided and subtracted.
    for n in range(1, 20):
        for parts in (3, 7, 10):
            level = 1 - (parts * 0.5**n) / parts
            assert fewest(level) == n
            assert upper_rank(n, level) == n
