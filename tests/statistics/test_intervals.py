"""Intervals against statsmodels, published anchors, exact sizes, and what holds at every count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from mlci.statistics import intervals
from mlci.statistics.contrasts import contrast_lower

CONFIDENCES = st.sampled_from([0.5, 0.9, 0.95, 0.975, 0.999])


@st.composite
def arms(draw: st.DrawFn, largest: int = 10_000_000) -> tuple[int, int]:
    n = draw(st.integers(1, largest))
    return draw(st.integers(0, n)), n


@settings(max_examples=50)
@given(arms(), CONFIDENCES)
def test_clopper_pearson_equals_statsmodels(arm: tuple[int, int], confidence: float) -> None:
    expected = proportion_confint(*arm, alpha=2 * (1 - confidence), method="beta")
    lower, upper = intervals.clopper_pearson(*arm, confidence)
    assert lower == pytest.approx(min(expected[0], arm[0] / arm[1]), abs=1e-9)
    assert upper == pytest.approx(max(expected[1], arm[0] / arm[1]), abs=1e-9)


@settings(max_examples=50)
@given(arms(1000), CONFIDENCES)
def test_a_bound_holds_the_estimate_and_moves_with_the_count(
    arm: tuple[int, int], confidence: float
) -> None:
    x, n = arm
    lower, upper = intervals.clopper_pearson(x, n, confidence)
    assert 0.0 <= lower <= x / n + 1e-12
    assert x / n - 1e-12 <= upper <= 1.0
    if x < n:
        half = intervals.clopper_pearson(x + 0.5, n, confidence)[0]
        assert lower < half < intervals.clopper_pearson(x + 1, n, confidence)[0]


def test_nothing_and_everything_have_a_width() -> None:
    assert intervals.clopper_pearson(0, 100, 0.95) == (0.0, pytest.approx(1 - 0.05**0.01))
    assert intervals.clopper_pearson(100, 100, 0.95) == (pytest.approx(0.05**0.01), 1.0)


@pytest.mark.parametrize(("n1", "n2"), [(30, 30), (20, 300), (300, 20)])
@pytest.mark.parametrize(
    ("limit", "ratio"), [(0.0, 1.0), (0.1, 1.0), (-0.1, 1.0), (0.0, 0.5), (0.0, 0.8), (0.0, 1.25)]
)
def test_the_exact_size_of_a_contrast_is_never_above_the_nominal_one(
    n1: int, n2: int, limit: float, ratio: float
) -> None:
    """Over all pairs of counts, at many rates, far out in the tail too."""
    x, y = np.indices((n1 + 1, n2 + 1))
    for alpha in (0.05, 1e-3, 4e-5):
        shown = contrast_lower(x / n1, n1, y / n2, n2, -ndtri(alpha), ratio=ratio) > limit
        for second in (1e-4, 0.003, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99, 0.9999):
            first = second * ratio + limit
            if 0.0 < first <= 1.0:
                chances = binom.pmf(x[:, 0], n1, first), binom.pmf(y[0], n2, second)
                assert chances[0] @ shown @ chances[1] <= alpha


def test_many_rows_have_newcombes_bounds() -> None:
    expected = confint_proportions_2indep(
        56_000, 70_000, 48_000, 80_000, method="newcomb", compare="diff", alpha=0.05
    )
    found = intervals.difference_interval(56_000, 70_000, 48_000, 80_000, 0.975)
    assert found == pytest.approx(expected, abs=5e-5)


def test_a_difference_is_a_little_wider_than_newcombes() -> None:
    # Newcombe 1998, table II (a), method 10, two-sided 95 %: 0.0524 to 0.3339.
    lower, upper = intervals.difference_interval(56, 70, 48, 80, 0.975)
    assert 0.04 < lower < 0.0524
    assert 0.3339 < upper < 0.35


@settings(max_examples=50)
@given(arms(), arms(), CONFIDENCES)
def test_swapping_the_arms_mirrors_the_difference(
    first: tuple[int, int], second: tuple[int, int], confidence: float
) -> None:
    lower, upper = intervals.difference_interval(*first, *second, confidence)
    mirrored = intervals.difference_interval(*second, *first, confidence)
    assert mirrored == pytest.approx((-upper, -lower), abs=1e-9)
    assert lower + 1e-12 >= -1.0
    assert lower <= first[0] / first[1] - second[0] / second[1] + 1e-9
    assert first[0] / first[1] - second[0] / second[1] - 1e-9 <= upper <= 1.0 + 1e-12


def test_correlated_arms_have_a_narrower_difference() -> None:
    widths = [
        -contrast_lower(0.4, 300, 0.4, 300, 1.645, correlation=rho) for rho in (-0.9, 0.0, 0.9)
    ]
    assert widths == sorted(widths, reverse=True)
    apart = np.sqrt(0.4 * 0.6 / 300)
    for width, rho in zip(widths, (-0.9, 0.0, 0.9), strict=True):
        assert width == pytest.approx(1.645 * apart * np.sqrt(2 - 2 * rho), rel=0.2)


@pytest.mark.parametrize(
    "counts", [(3600, 4000, 1600, 8000), (500, 5000, 900, 6000), (1900, 2000, 2000, 2100)]
)
def test_the_ratio_of_many_rows_has_the_score_interval(counts: tuple[int, int, int, int]) -> None:
    expected = confint_proportions_2indep(
        *counts, method="score", compare="ratio", alpha=0.1, correction=False
    )
    assert intervals.ratio_interval(*counts, 0.95) == pytest.approx(expected, rel=6e-3)


@settings(max_examples=30)
@given(arms(), arms(), CONFIDENCES)
def test_ratio_holds_the_estimate_and_inverts_when_swapped(
    first: tuple[int, int], second: tuple[int, int], confidence: float
) -> None:
    lower, upper = intervals.ratio_interval(*first, *second, confidence)
    assert (lower == 0.0) == (first[0] == 0)
    assert np.isinf(upper) == (second[0] == 0)
    if first[0] and second[0]:
        ratio = first[0] / first[1] / (second[0] / second[1])
        assert lower <= ratio * (1 + 1e-6)
        assert upper >= ratio * (1 - 1e-6)
        mirrored = intervals.ratio_interval(*second, *first, confidence)
        assert mirrored == pytest.approx((1 / upper, 1 / lower), rel=1e-5)


@pytest.mark.parametrize("counts", [(-1, 10), (11, 10), (0, 0), (float("nan"), 10), (1, np.inf)])
def test_impossible_counts_are_refused(counts: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="not a count"):
        intervals.clopper_pearson(*counts, 0.95)
    with pytest.raises(ValueError, match="not a count"):
        intervals.difference_interval(1, 2, *counts, 0.95)
    with pytest.raises(ValueError, match="not a count"):
        intervals.ratio_interval(*counts, 1, 2, 0.95)


@pytest.mark.parametrize("confidence", [0.0, 0.4, 1.0, float("nan")])
def test_impossible_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        intervals.clopper_pearson(1, 2, confidence)
