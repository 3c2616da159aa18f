"""Bounds of proportions, their differences and ratios, for whole arrays of counts at once.

``z`` is the normal quantile of one bound. A negative ``z`` mirrors a bound: the lower bound at
``-z`` is the upper bound at ``z``, which lets a p-value be found as a root over all z.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, ndtr, ndtri

from mlci.statistics.roots import falling_root

Floats = NDArray[np.float64]

# A p-value this far out is 2e-33: no correction asks for less.
FARTHEST = 12.0

# Points of a quarter circle between its ends, every 15 degrees.
_DIRECTIONS = [(math.cos(a), math.sin(a)) for a in np.pi / 12.0 * np.arange(1, 6)]
_MOST_CORRELATED = 0.999


def quantile(confidence: float) -> float:
    """The normal quantile of a one-sided bound. ValueError unless 0.5 <= confidence < 1."""
    if not 0.5 <= confidence < 1.0:
        raise ValueError(f"confidence {confidence!r} is not in [0.5, 1)")
    return float(ndtri(confidence))


def check_counts(successes: ArrayLike, n: ArrayLike, *, none: bool = False) -> None:
    """ValueError unless 0 <= successes <= n and n > 0 (``none``: or n = 0), finite everywhere.

    Counts of weighted or clustered rows are effective ones and need not be whole.
    """
    x, total = np.asarray(successes, float), np.asarray(n, float)
    enough = (total >= 0) if none else (total > 0)
    if not (np.all(np.isfinite(total)) and np.all((x >= 0) & (x <= total) & enough)):
        raise ValueError(f"{successes!r} of {n!r} is not a count of successes among rows")


def standardised(deviation: Any, spread: Any) -> Floats:
    """deviation / spread; without spread infinite with the deviation's sign, or 0."""
    deviation, spread = np.broadcast_arrays(deviation, spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = deviation / spread
    return np.where(
        spread > 0, score, np.where(deviation == 0, 0.0, np.copysign(np.inf, deviation))
    )


def exact_bounds(p: Any, n: Any, z: Any) -> tuple[Floats, Floats]:
    """Clopper and Pearson's bounds (1934) of proportions ``p`` seen among ``n`` > 0, for z >= 0.

    They never miss more often than they say, at any proportion and any level. Counts of weighted
    or clustered rows are effective ones and no whole numbers: the beta quantiles are defined there
    too (Korn and Graubard 1998).
    """
    p = np.asarray(p, float)
    lower, upper = _exact_lower(p, n, z), 1.0 - _exact_lower(1.0 - p, n, z)
    return np.minimum(lower, p), np.maximum(upper, p)


def _exact_lower(p: Any, n: Any, z: Any) -> Floats:
    p, n, z = np.broadcast_arrays(*(np.asarray(each, float) for each in (p, n, z)))
    hits = p * n
    found = betaincinv(np.where(hits > 0, hits, 1.0), n - hits + 1.0, ndtr(-z))
    return np.where(hits > 0, found, 0.0)


def contrast_lower(
    p1: Any, n1: Any, p2: Any, n2: Any, z: Any, *, ratio: Any = 1.0, correlation: Any = 0.0
) -> Floats:
    """The lower bound of p1 - ratio * p2; for negative z the upper bound.

    Exact bounds of each proportion at z1 and z2 hold together on the circle z1^2 + z2^2 = z^2, and
    the bound is the smallest contrast seen from a few points of it. Where bounds grow in
    proportion to z this is the square-and-add (MOVER: Zou and Donner 2008) of Newcombe's method
    10; in the tails and near 0 and 1, where they don't, square-and-add alone is too sure.
    ``correlation`` is that of the two proportions, which turns the circle into an ellipse.
    """
    given = (p1, n1, p2, n2, z, ratio, correlation)
    p1, n1, p2, n2, z, ratio, r = np.broadcast_arrays(*(np.asarray(e, float) for e in given))
    upper, z = z < 0.0, np.abs(z)
    p1, q2 = np.where(upper, 1.0 - p1, p1), np.where(upper, p2, 1.0 - p2)
    r = np.clip(r, -1.0, _MOST_CORRELATED)

    def reaches(z1: Any, z2: Any) -> tuple[Floats, Floats]:
        return p1 - _exact_lower(p1, n1, z1), ratio * (q2 - _exact_lower(q2, n2, z2))

    one, other = reaches(z, z)
    half = np.sqrt(np.maximum(one * one + other * other - 2.0 * r * one * other, 0.0))
    for cos, sin in _DIRECTIONS:
        scale = z / np.sqrt(1.0 - 2.0 * r * cos * sin)
        one, other = reaches((cos - r * sin) * scale, (sin - r * cos) * scale)
        half = np.maximum(half, one + other)
    half = np.where(z > 0.0, half, 0.0)
    lower = p1 - ratio * (1.0 - q2) - half
    return np.asarray(np.where(upper, (1.0 - ratio) - lower, lower))


def ratio_bound(p1: Any, n1: Any, p2: Any, n2: Any, z: Any, *, correlation: Any = 0.0) -> Floats:
    """The lower bound of p1 / p2 for positive z: where the contrast p1 - ratio * p2 touches zero.

    0 where nothing is too small, infinite where nothing is too large.
    """
    given = (p1, n1, p2, n2, z)
    low = np.full(np.broadcast_shapes(*(np.shape(each) for each in given)), -40.0)
    found = falling_root(
        lambda t: contrast_lower(*given, ratio=np.exp(t), correlation=correlation), low, -low, 1e-9
    )
    return np.where(found <= low, 0.0, np.where(found >= -low, np.inf, np.exp(found)))
