"""Intervals against statsmodels, published anchors, and what must hold at every count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from mlci.statistics import intervals

CONFIDENCES = st.sampled_from([0.5, 0.9, 0.95, 0.975, 0.999])


@st.composite
def arms(draw: st.DrawFn, largest: int = 10_000_000) -> tuple[int, int]:
    n = draw(st.integers(1, largest))
    return draw(st.integers(0, n)), n


@given(arms(), CONFIDENCES)
def test_wilson_equals_statsmodels(arm: tuple[int, int], confidence: float) -> None:
    expected = proportion_confint(*arm, alpha=2 * (1 - confidence), method="wilson")
    assert intervals.wilson(*arm, confidence) == pytest.approx(expected, abs=1e-9)


@given(arms(1000), CONFIDENCES)
def test_wilson_holds_the_estimate_and_moves_with_the_count(
    arm: tuple[int, int], confidence: float
) -> None:
    x, n = arm
    lower, upper = intervals.wilson(x, n, confidence)
    assert 0.0 <= lower <= x / n + 1e-12
    assert x / n - 1e-12 <= upper <= 1.0
    if x < n:
        assert intervals.wilson(x + 1, n, confidence)[0] > lower
    assert intervals.wilson_bound(x, n, confidence, "lower") == lower
    assert intervals.wilson_bound(x, n, confidence, "upper") == upper


def test_nothing_and_everything_have_a_width() -> None:
    assert intervals.wilson(0, 1, 0.95)[1] > 0.7
    assert intervals.wilson(1, 1, 0.95)[0] < 0.3
    assert intervals.wilson(10, 10, 0.95)[1] == 1.0


def test_newcombe_meets_the_published_example() -> None:
    # Newcombe 1998, table II (a), method 10, two-sided 95 %.
    lower, upper = intervals.newcombe(56, 70, 48, 80, 0.975)
    assert (round(lower, 4), round(upper, 4)) == (0.0524, 0.3339)


@given(arms(), arms(), CONFIDENCES)
def test_newcombe_equals_statsmodels(
    first: tuple[int, int], second: tuple[int, int], confidence: float
) -> None:
    expected = confint_proportions_2indep(
        *first, *second, method="newcomb", compare="diff", alpha=2 * (1 - confidence)
    )
    assert intervals.newcombe(*first, *second, confidence) == pytest.approx(expected, abs=1e-7)


@given(arms(), arms(), CONFIDENCES)
def test_swapping_the_arms_mirrors_the_difference(
    first: tuple[int, int], second: tuple[int, int], confidence: float
) -> None:
    lower, upper = intervals.newcombe(*first, *second, confidence)
    mirrored = intervals.newcombe(*second, *first, confidence)
    assert mirrored == pytest.approx((-upper, -lower), abs=1e-12)
    assert -1.0 <= lower <= first[0] / first[1] - second[0] / second[1] + 1e-12 <= upper + 2e-12


@pytest.mark.parametrize(
    "counts", [(36, 40, 16, 80), (5, 50, 9, 60), (1, 20, 3, 2000), (19, 20, 20, 21)]
)
def test_ratio_equals_statsmodels_score_interval(counts: tuple[int, int, int, int]) -> None:
    expected = confint_proportions_2indep(
        *counts, method="score", compare="ratio", alpha=0.1, correction=False
    )
    assert intervals.ratio_interval(*counts, 0.95) == pytest.approx(expected, rel=1e-4)


def test_ratio_meets_the_published_example() -> None:
    # Koopman 1984: 36 of 40 against 16 of 80, two-sided 95 %: 2.94 to 7.15.
    lower, upper = intervals.ratio_interval(36, 40, 16, 80, 0.975)
    assert (round(lower, 2), round(upper, 2)) == (2.94, 7.15)


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


def test_mean_interval_is_students() -> None:
    values = np.random.default_rng(1).exponential(size=40)
    expected = stats.t.interval(0.9, 39, values.mean(), stats.sem(values))
    assert intervals.mean_interval(values, 0.95) == pytest.approx(expected)
    assert intervals.mean_bound(values, 0.95, "lower") == pytest.approx(expected[0])
    assert intervals.mean_bound(values, 0.95, "upper") == pytest.approx(expected[1])


@pytest.mark.parametrize("counts", [(-1, 10), (11, 10), (0, 0), (float("nan"), 10), (1, np.inf)])
def test_impossible_counts_are_refused(counts: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="not a count"):
        intervals.wilson(*counts, 0.95)
    with pytest.raises(ValueError, match="not a count"):
        intervals.newcombe(1, 2, *counts, 0.95)
    with pytest.raises(ValueError, match="not a count"):
        intervals.ratio_interval(*counts, 1, 2, 0.95)


@pytest.mark.parametrize("confidence", [0.0, 0.4, 1.0, float("nan")])
def test_impossible_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        intervals.wilson(1, 2, confidence)
    with pytest.raises(ValueError, match="confidence"):
        intervals.mean_interval([1.0, 2.0], confidence)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, float("nan")], [1.0, float("inf")]])
def test_a_mean_without_spread_to_see_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="at least two values"):
        intervals.mean_interval(values, 0.95)
