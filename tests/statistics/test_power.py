"""Power and detectable effects against exact enumeration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from mlci.statistics.intervals import newcombe, wilson
from mlci.statistics.power import (
    detectable_difference,
    detectable_minimum,
    power_ratio,
    power_two_proportions,
    rows_for_proportion,
)
from mlci.statistics.proportions import newcombe_lower, ratio_bound


def exact_power(p1: float, n1: int, p2: float, n2: int, shown: np.ndarray) -> float:
    first, second = binom.pmf(np.arange(n1 + 1), n1, p1), binom.pmf(np.arange(n2 + 1), n2, p2)
    return float(first @ shown @ second)


def tables(n1: int, n2: int) -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(np.arange(n1 + 1) / n1, np.arange(n2 + 1) / n2, indexing="ij")


@pytest.mark.parametrize(
    ("p1", "n1", "p2", "n2"),
    [(0.5, 60, 0.3, 60), (0.2, 100, 0.0, 30), (0.35, 300, 0.15, 40), (1.0, 20, 0.8, 50)],
)
def test_power_of_a_difference_is_near_the_exact_one(
    p1: float, n1: int, p2: float, n2: int
) -> None:
    x, y = tables(n1, n2)
    exact = exact_power(p1, n1, p2, n2, newcombe_lower(x, n1, y, n2, 1.6449) > 0.1)
    assert float(power_two_proportions(p1, n1, p2, n2, 0.95, 0.1)) == pytest.approx(exact, abs=0.12)


@pytest.mark.parametrize(("p1", "n1", "p2", "n2"), [(0.2, 80, 0.5, 80), (0.12, 200, 0.3, 60)])
def test_power_of_a_ratio_is_near_the_exact_one(p1: float, n1: int, p2: float, n2: int) -> None:
    x, y = tables(n1, n2)
    upper = ratio_bound(x, np.full_like(x, n1), y, np.full_like(y, n2), -1.6449)
    exact = exact_power(p1, n1, p2, n2, (upper < 0.8) & (y > 0))
    assert float(power_ratio(p1, n1, p2, n2, 0.95, 0.8)) == pytest.approx(exact, abs=0.08)


def test_groups_without_rows_have_no_power() -> None:
    assert float(power_two_proportions(1.0, 0, 0.0, 50, 0.95)) == 0.0
    assert float(power_ratio(0.1, 50, 0.9, 0, 0.95, 0.8)) == 0.0


@given(st.integers(1, 5000), st.floats(0.01, 0.99))
def test_the_detectable_rate_is_shown_with_the_power(n: int, limit: float) -> None:
    distance = detectable_minimum(n, limit, 0.95)
    if distance is None:
        assert wilson(n, n, 0.95)[0] <= limit
        return
    passing = [x for x in range(n + 1) if wilson(x, n, 0.95)[0] > limit]
    power = float(binom.sf(passing[0] - 1, n, min(limit + distance, 1.0)))
    assert power == pytest.approx(0.8, abs=1e-6) or distance == 0.0


def test_rows_for_a_rate_are_enough_on_either_side() -> None:
    for rate, limit in ((0.92, 0.9), (0.88, 0.9), (0.002, 0.005)):
        n = rows_for_proportion(rate, limit, 0.95)
        assert n is not None
        x = np.arange(n + 1)
        bounds = np.array([wilson(int(k), n, 0.95) for k in x])
        shown = bounds[:, 0] > limit if rate > limit else bounds[:, 1] < limit
        assert float(binom.pmf(x, n, rate) @ shown) == pytest.approx(0.8, abs=0.05)
    assert rows_for_proportion(0.9, 0.9, 0.95) is None


def test_rows_for_a_rate_without_spread_still_need_a_bound() -> None:
    n = rows_for_proportion(0.0, 0.01, 0.95)
    assert n is not None
    assert wilson(0, n, 0.95)[1] < 0.01
    assert wilson(0, n - 2, 0.95)[1] >= 0.01


@given(st.integers(20, 10_000), st.integers(20, 10_000), st.floats(0.05, 0.95))
def test_more_rows_detect_smaller_differences(n1: int, n2: int, base: float) -> None:
    few = detectable_difference(n1, n2, base, 0.95)
    many = detectable_difference(10 * n1, 10 * n2, base, 0.95)
    assert many is not None
    assert few is None or 0.0 < many < few <= 1.0


def test_a_detectable_difference_is_shown_by_its_expected_table() -> None:
    found = detectable_difference(1000, 800, 0.3, 0.95)
    assert found is not None
    high, low = 0.3 + found / 2, 0.3 - found / 2
    assert newcombe(high * 1000, 1000, low * 800, 800, 0.95)[0] > 0.0
    assert detectable_difference(1, 1, 0.5, 0.95) is None
