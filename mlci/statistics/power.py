"""What a sample can show: power, smallest detectable effect, rows needed. Known before the run."""

import math
from typing import Any

import numpy as np
from scipy.special import betaincinv, ndtr

from mlci.statistics.contrasts import contrast_lower
from mlci.statistics.proportions import (
    Floats,
    check_counts,
    exact_bounds,
    quantile,
)


def detectable_minimum(
    n: float, limit: float, confidence: float, power: float = 0.8
) -> float | None:
    """How far above ``limit`` a true proportion must lie to be shown above it by n rows.

    Exact: the fewest successes whose bound passes, and the proportion that reaches them with
    ``power``. ``n`` may be an effective number of rows. None where even n successes of n
    wouldn't pass. For a maximum, ask for the complement's minimum:
    ``detectable_minimum(n, 1 - limit, ...)``.
    """
    check_counts(0, n)
    z = quantile(confidence)
    low, high = -1, math.floor(n)
    if high == 0 or not exact_bounds(high / n, n, z)[0] > limit:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        passes = bool(exact_bounds(middle / n, n, z)[0] > limit)
        low, high = (low, middle) if passes else (middle, high)
    return 0.0 if high == 0 else max(float(betaincinv(high, n - high + 1, power)) - limit, 0.0)


def power_two_proportions(
    p1: Any, n1: Any, p2: Any, n2: Any, confidence: float, limit: float = 0.0
) -> Floats:
    """The chance to show p1 - p2 > ``limit`` by its bound, at these true rates and sizes.

    The bound's width is taken at the expected table, the spread of the estimate at the true
    rates. Broadcasts over arrays; 0 where a size is 0.
    """
    p1, p2, n1, n2 = (np.asarray(each, float) for each in (p1, p2, n1, n2))
    some = (n1 > 0) & (n2 > 0)
    m1, m2 = np.where(some, n1, 1.0), np.where(some, n2, 1.0)
    surplus = contrast_lower(p1, m1, p2, m2, quantile(confidence)) - limit
    spread = np.sqrt(p1 * (1 - p1) / m1 + p2 * (1 - p2) / m2)
    return np.where(some, _chance(surplus, spread), 0.0)


def power_ratio(p1: Any, n1: Any, p2: Any, n2: Any, confidence: float, limit: float) -> Floats:
    """The chance to show p1 / p2 < ``limit`` by its bound; broadcasts as above."""
    p1, p2, n1, n2 = (np.asarray(each, float) for each in (p1, p2, n1, n2))
    some = (n1 > 0) & (n2 > 0) & (p2 > 0)
    m1, m2 = np.where(some, n1, 1.0), np.where(some, n2, 1.0)
    surplus = -contrast_lower(p1, m1, p2, m2, -quantile(confidence), ratio=limit)
    spread = np.sqrt(p1 * (1 - p1) / m1 + limit**2 * p2 * (1 - p2) / m2)
    return np.where(some, _chance(surplus, spread), 0.0)


def detectable_difference(
    n1: float,
    n2: float,
    base_rate: float,
    confidence: float,
    power: float = 0.8,
    limit: float = 0.0,
) -> float | None:
    """The smallest true p1 - p2 that is shown to be beyond ``limit`` with ``power``.

    The two rates lie evenly about ``base_rate`` as far as [0, 1] lets them. None if even a
    difference of 1 would not be shown.
    """
    check_counts([0, 0], [n1, n2])

    def enough(difference: float) -> bool:
        high, low = around(base_rate, difference)
        return bool(power_two_proportions(high, n1, low, n2, confidence, limit) >= power)

    if not enough(1.0):
        return None
    below, above = limit, 1.0
    for _ in range(40):
        middle = 0.5 * (below + above)
        below, above = (below, middle) if enough(middle) else (middle, above)
    return above


def around(base_rate: float, difference: float) -> tuple[float, float]:
    """(high, low): two rates with this difference, about ``base_rate`` as far as [0, 1] allows."""
    low = min(max(base_rate - 0.5 * difference, 0.0), 1.0 - difference)
    return low + difference, low


def _chance(surplus: Floats, spread: Floats) -> Floats:
    """The normal chance that a surplus with this spread comes out positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0, ndtr(surplus / spread), (surplus > 0).astype(float))
