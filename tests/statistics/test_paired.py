"""Tango's interval against a likelihood maximised by brute force, and its planning figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from mlci.statistics.paired import (
    detectable_margin,
    paired_difference,
    power_rows,
    tango_score,
)


@st.composite
def discordant(draw: st.DrawFn, largest: int = 10_000_000) -> tuple[int, int, int]:
    n = draw(st.integers(1, largest))
    b = draw(st.integers(0, n))
    return b, draw(st.integers(0, n - b)), n


def brute_score(b: int, c: int, n: int, d: float) -> float:
    """The score with the champion-only rate that maximises the trinomial likelihood at d."""

    def loss(q: float) -> float:
        cells = np.array([q + d, q, 1 - 2 * q - d])
        counts = np.array([b, c, n - b - c])
        return -float(np.sum(counts * np.log(np.maximum(cells, 1e-300))))

    low, high = max(0.0, -d), (1 - d) / 2
    q = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    return float((b - c - n * d) / np.sqrt(n * (2 * q + d - d * d)))


@pytest.mark.parametrize(
    ("b", "c", "n"), [(8, 3, 50), (0, 4, 30), (5, 0, 30), (0, 0, 40), (60, 90, 3091), (20, 10, 30)]
)
@pytest.mark.parametrize("difference", [-0.3, -0.01, 0.05, 0.4])
def test_score_uses_the_likeliest_rates(b: int, c: int, n: int, difference: float) -> None:
    expected = brute_score(b, c, n, difference)
    assert float(tango_score(b, c, n, difference)) == pytest.approx(expected, rel=2e-4)


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
    assert found.lower == pytest.approx(-2.7055 / 102.7055, rel=1e-4)
    assert found.upper == pytest.approx(2.7055 / 102.7055, rel=1e-4)


def test_many_rows_agree_with_the_normal_interval() -> None:
    b, c, n = 26_000, 25_000, 1_000_000
    se = np.sqrt(b + c - (b - c) ** 2 / n) / n
    found = paired_difference(b, c, n, 0.95)
    assert found.lower == pytest.approx((b - c) / n - 1.6449 * se, rel=1e-3)


def test_rows_for_a_margin() -> None:
    # 6.18 * discordance / margin^2 at confidence 0.95 and power 0.8.
    assert power_rows(0.05, 0.01, 0.95) == 3092
    assert power_rows(0.0, 0.01, 0.95) == 268


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
