"""Quantiles of losses: scikit-learn's and NumPy's values, exact bounds, paired differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import median_absolute_error

from mlci.statistics.nobounds import NoBounds
from mlci.statistics.quantiles import Rows, quantile_difference, quantile_estimate, quantile_value


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=25))
def test_values_are_scikit_learns_with_ties_and_weights(rows: list[tuple[int, int]]) -> None:
    losses, weight = (np.array(each, float) for each in zip(*rows, strict=True))
    zeros = np.zeros(losses.size)
    assert quantile_value(losses, 0.5) == pytest.approx(median_absolute_error(zeros, losses))
    for share in (0.1, 0.5, 0.9):
        assert quantile_value(losses, share) == pytest.approx(
            float(np.quantile(losses, share, method="averaged_inverted_cdf"))
        )
    if weight.any():
        assert quantile_value(losses, 0.5, weight) == pytest.approx(
            median_absolute_error(zeros, losses, sample_weight=weight)
        )
    else:
        with pytest.raises(ValueError, match="zero"):
            quantile_value(losses, 0.5, weight)


@pytest.mark.parametrize(("n", "share"), [(20, 0.5), (100, 0.9), (1000, 0.99)])
def test_bounds_are_the_exact_order_statistics(n: int, share: float) -> None:
    losses = np.random.default_rng(1).permutation(n) + 1.0
    found = quantile_estimate(Rows(candidate=losses), share, 0.95)
    low, high = int(found.lower), int(found.upper)
    assert binom.cdf(low - 1, n, share) <= 0.05 < binom.cdf(low, n, share)
    assert binom.sf(high - 1, n, share) <= 0.05 < binom.sf(high - 2, n, share)


def test_too_few_rows_have_no_upper_bound() -> None:
    with pytest.raises(NoBounds, match=r"too few for an upper bound of the 0\.99"):
        quantile_estimate(Rows(candidate=np.arange(298.0)), 0.99, 0.95)
    quantile_estimate(Rows(candidate=np.arange(299.0)), 0.99, 0.95)
    assert quantile_estimate(Rows(candidate=np.arange(299.0)), 0.001, 0.95).lower == 0.0
    with pytest.raises(ValueError, match="finite"):
        quantile_value([1.0, float("nan")], 0.5)


def test_copies_in_clusters_count_once() -> None:
    losses = np.random.default_rng(2).exponential(size=100)
    once = quantile_estimate(Rows(candidate=losses), 0.5, 0.95)
    copied = Rows(candidate=np.repeat(losses, 5), cluster=np.repeat(np.arange(100), 5))
    many = quantile_estimate(copied, 0.5, 0.95)
    assert many.units <= 101
    assert many.upper - many.lower >= 0.95 * (once.upper - once.lower)


def test_models_that_are_one_still_have_a_width() -> None:
    losses = np.random.default_rng(3).exponential(size=400)
    found = quantile_difference(Rows(candidate=losses, champion=losses.copy()), 0.5, 0.95)
    assert found.lower < 0.0 == found.estimate < found.upper < 0.1
