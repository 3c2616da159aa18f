"""The paired bound's exact size, what must hold at every count, and its planning figures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import multinomial

from mlci.statistics.paired import (
    detectable_margin,
    paired_bound,
    paired_difference,
    power_rows,
)


@st.composite
def discordant(draw: st.DrawFn, largest: int = 10_000_000) -> tuple[int, int, int]:
    n = draw(st.integers(1, largest))
    b = draw(st.integers(0, n))
    return b, draw(st.integers(0, n - b)), n


@pytest.mark.parametrize("n", [30, 100])
@pytest.mark.parametrize("margin", [-0.02, 0.0, 0.005, 0.05])
def test_the_exact_size_is_never_above_the_nominal_one(n: int, margin: float) -> None:
    """All counts of n rows, at many shares of discordant ones, of a truth on the margin."""
    b, c = (each.ravel() for each in np.indices((n + 1, n + 1)))
    b, c = b[b + c <= n], c[b + c <= n]
    seen = 1.0 - 1e-9  # discordance that leaves no other row has no exact chance in doubles
    for alpha in (0.05, 0.001):
        passes = paired_bound(b, c, n, -ndtri(alpha)) > -margin
        for discordance in (0.001, 0.01, 0.05, 0.2, 0.6):
            share = min(max(discordance, abs(margin)), seen)
            cells = np.array([(share - margin) / 2, (share + margin) / 2, 1 - share])
            chances = multinomial.pmf(np.stack([b, c, n - b - c], axis=1), n, cells)
            assert chances @ passes <= alpha


@settings(max_examples=50)
@given(discordant(), st.sampled_from([0.9, 0.95, 0.975]))
def test_bounds_hold_the_estimate_and_mirror(
    counts: tuple[int, int, int], confidence: float
) -> None:
    b, c, n = counts
    found = paired_difference(b, c, n, confidence)
    assert found.estimate == (b - c) / n
    assert -1.0 <= found.lower <= found.estimate + 1e-9
    assert found.estimate - 1e-9 <= found.upper <= 1.0
    mirrored = paired_difference(c, b, n, confidence)
    assert (mirrored.lower, mirrored.upper) == pytest.approx((-found.upper, -found.lower), abs=1e-9)


@settings(max_examples=40)
@given(discordant(2000))
def test_bounds_move_with_the_counts(counts: tuple[int, int, int]) -> None:
    b, c, n = counts
    found = paired_difference(b, c, n, 0.95)
    if b + c < n:
        assert paired_difference(b + 1, c, n, 0.95).lower >= found.lower - 1e-9
        assert paired_difference(b, c + 1, n, 0.95).lower <= found.lower + 1e-9
    assert paired_difference(b, c, n, 0.975).lower <= found.lower + 1e-12


def test_no_discordant_row_still_has_a_width() -> None:
    found = paired_difference(0, 0, 100, 0.95)
    # A share of 1 - 0.05^(1/100) stays unseen in 5 % of samples.
    assert found.lower == pytest.approx(-(1 - 0.05**0.01))
    assert found.upper == pytest.approx(1 - 0.05**0.01)


def test_effective_counts_need_not_be_whole() -> None:
    low, middle, high = (paired_difference(3, c, 100, 0.95).lower for c in (5, 5.5, 6))
    assert high < middle < low


def test_many_rows_agree_with_the_normal_interval() -> None:
    b, c, n = 26_000, 25_000, 1_000_000
    se = np.sqrt(b + c - (b - c) ** 2 / n) / n
    found = paired_difference(b, c, n, 0.95)
    assert found.lower == pytest.approx((b - c) / n - 1.6449 * se, rel=2e-3)


def test_rows_for_a_margin() -> None:
    # 6.18 * discordance / margin^2 at confidence 0.95 and power 0.8.
    assert power_rows(0.05, 0.01, 0.95) == 3092
    assert power_rows(0.0, 0.01, 0.95) == 299


@given(st.floats(0.0, 1.0), st.floats(0.001, 0.5))
def test_rows_and_margin_are_inverse(discordance: float, margin: float) -> None:
    rows = power_rows(discordance, margin, 0.95)
    assert detectable_margin(rows, discordance, 0.95) <= margin * (1 + 1e-9)
    assert rows == 1 or detectable_margin(rows - 1, discordance, 0.95) >= margin * (1 - 1e-9)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="not a count"):
        paired_difference(*counts, 0.95)


def test_impossible_plans_are_refused() -> None:
    for discordance, margin in ((-0.1, 0.01), (1.1, 0.01), (0.1, 0.0), (0.1, float("nan"))):
        with pytest.raises(ValueError, match="not shares"):
            power_rows(discordance, margin, 0.95)
