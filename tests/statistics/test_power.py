"""Power and detectable effects against exact enumeration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from mlci.statistics.contrasts import contrast_lower
from mlci.statistics.intervals import clopper_pearson, difference_interval
from mlci.statistics.power import (
    detectable_difference,
    detectable_minimum,
    power_ratio,
    power_two_proportions,
)
from mlci.statistics.proportions import exact_bounds, quantile

Z = quantile(0.95)


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
    exact = exact_power(p1, n1, p2, n2, contrast_lower(x, n1, y, n2, 1.6449) > 0.1)
    assert float(power_two_proportions(p1, n1, p2, n2, 0.95, 0.1)) == pytest.approx(exact, abs=0.12)


@pytest.mark.parametrize(("p1", "n1", "p2", "n2"), [(0.2, 80, 0.5, 80), (0.12, 120, 0.3, 60)])
def test_power_of_a_ratio_is_near_the_exact_one(p1: float, n1: int, p2: float, n2: int) -> None:
    x, y = tables(n1, n2)
    upper = contrast_lower(x, n1, y, n2, -Z, ratio=0.8)
    exact = exact_power(p1, n1, p2, n2, upper < 0.0)
    assert float(power_ratio(p1, n1, p2, n2, 0.95, 0.8)) == pytest.approx(exact, abs=0.08)


def test_groups_without_rows_have_no_power() -> None:
    assert float(power_two_proportions(1.0, 0, 0.0, 50, 0.95)) == 0.0
    assert float(power_ratio(0.1, 50, 0.9, 0, 0.95, 0.8)) == 0.0


@settings(max_examples=40)
@given(st.integers(1, 5000), st.floats(0.01, 0.99))
def test_the_detectable_rate_is_shown_with_the_power(n: int, limit: float) -> None:
    distance = detectable_minimum(n, limit, 0.95)
    if distance is None:
        assert clopper_pearson(n, n, 0.95)[0] <= limit
        return
    passing = int(np.argmax(exact_bounds(np.arange(n + 1) / n, n, Z)[0] > limit))
    power = float(binom.sf(passing - 1, n, min(limit + distance, 1.0)))
    assert power == pytest.approx(0.8, abs=1e-6) or distance == 0.0


@settings(max_examples=25)
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
    assert difference_interval(high * 1000, 1000, low * 800, 800, 0.95)[0] > 0.0
    assert detectable_difference(1, 1, 0.5, 0.95) is None
