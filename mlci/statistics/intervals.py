"""Intervals of one proportion, two independent ones, a mean, and (bootstrap.py) of a table."""

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from mlci.statistics.bootstrap import bootstrap_table, percentile_interval, table_interval
from mlci.statistics.proportions import (
    check_counts,
    newcombe_lower,
    quantile,
    ratio_bound,
    wilson_bounds,
)

__all__ = [
    "bootstrap_table",
    "mean_bound",
    "mean_interval",
    "newcombe",
    "percentile_interval",
    "ratio_interval",
    "table_interval",
    "wilson",
    "wilson_bound",
]

Side = Literal["lower", "upper"]


def wilson_bound(successes: float, n: float, confidence: float, side: Side) -> float:
    """The one-sided Wilson score bound of a proportion; n >= 1."""
    lower, upper = wilson(successes, n, confidence)
    return lower if side == "lower" else upper


def wilson(successes: float, n: float, confidence: float) -> tuple[float, float]:
    """The pair of one-sided Wilson bounds (lower, upper), each at ``confidence``."""
    check_counts(successes, n)
    lower, upper = wilson_bounds(successes / n, n, quantile(confidence))
    return float(lower), float(upper)


def newcombe(x1: float, n1: float, x2: float, n2: float, confidence: float) -> tuple[float, float]:
    """Bounds of x1/n1 - x2/n2 for independent samples: Newcombe 1998, method 10."""
    check_counts([x1, x2], [n1, n2])
    z = quantile(confidence)
    lower = newcombe_lower(x1 / n1, n1, x2 / n2, n2, z)
    upper = newcombe_lower(x1 / n1, n1, x2 / n2, n2, -z)
    return float(lower), float(upper)


def ratio_interval(
    x1: float, n1: float, x2: float, n2: float, confidence: float
) -> tuple[float, float]:
    """Bounds of (x1/n1) / (x2/n2) for independent samples: Koopman's score bounds (1984).

    The lower bound is 0 where x1 is 0; the upper bound is infinite where x2 is 0.
    """
    check_counts([x1, x2], [n1, n2])
    z = quantile(confidence)
    lower = 0.0 if x1 == 0 else float(ratio_bound(x1 / n1, n1, x2 / n2, n2, z))
    upper = math.inf if x2 == 0 else float(ratio_bound(x1 / n1, n1, x2 / n2, n2, -z))
    return lower, upper


def mean_bound(values: ArrayLike, confidence: float, side: Side) -> float:
    """The one-sided bound of a mean by Student's t; at least two finite values."""
    lower, upper = mean_interval(values, confidence)
    return lower if side == "lower" else upper


def mean_interval(values: ArrayLike, confidence: float) -> tuple[float, float]:
    """The pair of one-sided t bounds of a mean. ValueError below two values or if not finite."""
    sample = np.asarray(values, float)
    if sample.size < 2 or not np.all(np.isfinite(sample)):
        raise ValueError("a mean's interval needs at least two values, all finite")
    quantile(confidence)
    half = float(stdtrit(sample.size - 1, confidence)) * float(sample.std(ddof=1))
    half /= math.sqrt(sample.size)
    centre = float(sample.mean())
    return centre - half, centre + half
