"""Intervals of one proportion, and of the difference and the ratio of two independent ones.

Counts may be effective ones of weighted or clustered rows, which need not be whole.
"""

import math

from mlci.statistics.bootstrap import bootstrap_table, percentile_interval, table_interval
from mlci.statistics.contrasts import contrast_lower, ratio_bound
from mlci.statistics.proportions import (
    check_counts,
    exact_bounds,
    quantile,
)

__all__ = [
    "bootstrap_table",
    "clopper_pearson",
    "difference_interval",
    "percentile_interval",
    "ratio_interval",
    "table_interval",
]


def clopper_pearson(successes: float, n: float, confidence: float) -> tuple[float, float]:
    """The exact pair of one-sided bounds of a proportion (1934), each at ``confidence``."""
    check_counts(successes, n)
    lower, upper = exact_bounds(successes / n, n, quantile(confidence))
    return float(lower), float(upper)


def difference_interval(
    x1: float, n1: float, x2: float, n2: float, confidence: float
) -> tuple[float, float]:
    """Bounds of x1/n1 - x2/n2 for independent samples (see contrast_lower)."""
    check_counts([x1, x2], [n1, n2])
    z = quantile(confidence)
    lower = contrast_lower(x1 / n1, n1, x2 / n2, n2, z)
    upper = contrast_lower(x1 / n1, n1, x2 / n2, n2, -z)
    return float(lower), float(upper)


def ratio_interval(
    x1: float, n1: float, x2: float, n2: float, confidence: float
) -> tuple[float, float]:
    """Bounds of (x1/n1) / (x2/n2) for independent samples (see ratio_bound).

    The lower bound is 0 where x1 is 0; the upper bound is infinite where x2 is 0.
    """
    check_counts([x1, x2], [n1, n2])
    z = quantile(confidence)
    lower = 0.0 if x1 == 0 else float(ratio_bound(x1 / n1, n1, x2 / n2, n2, z))
    upper = math.inf if x2 == 0 else float(ratio_bound(x1 / n1, n1, x2 / n2, n2, -z))
    return lower, upper
