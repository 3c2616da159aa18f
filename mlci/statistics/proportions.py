"""Bounds of proportions, their differences and ratios, for whole arrays of counts at once.

``z`` is the normal quantile of one bound. A negative ``z`` mirrors a bound: the lower bound at
``-z`` is the upper bound at ``z``, which lets a p-value be found as a root over all z.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from mlci.statistics.roots import falling_root

Floats = NDArray[np.float64]

# Beyond this a normal tail is below the smallest double.
FARTHEST = 38.0


def quantile(confidence: float) -> float:
    """The normal quantile of a one-sided bound. ValueError unless 0.5 <= confidence < 1."""
    if not 0.5 <= confidence < 1.0:
        raise ValueError(f"confidence {confidence!r} is not in [0.5, 1)")
    return float(ndtri(confidence))


def check_counts(successes: ArrayLike, n: ArrayLike, *, least: int = 1) -> None:
    """ValueError unless 0 <= successes <= n and n >= least, everywhere and finite."""
    x, total = np.asarray(successes, float), np.asarray(n, float)
    if not (np.all(np.isfinite(total)) and np.all((x >= 0) & (x <= total) & (total >= least))):
        raise ValueError(
            f"{successes!r} of {n!r} is not a count of successes among at least {least}"
        )


def standardised(deviation: Any, spread: Any) -> Floats:
    """deviation / spread; without spread infinite with the deviation's sign, or 0."""
    deviation, spread = np.broadcast_arrays(deviation, spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = deviation / spread
    return np.where(
        spread > 0, score, np.where(deviation == 0, 0.0, np.copysign(np.inf, deviation))
    )


def wilson_bounds(p: Any, n: Any, z: Any) -> tuple[Floats, Floats]:
    """Wilson's score bounds (1927) of proportions ``p`` seen among ``n`` > 0."""
    p, n, z = np.asarray(p, float), np.asarray(n, float), np.asarray(z, float)
    shrink = 1.0 / (1.0 + z * z / n)
    centre = (p + z * z / (2 * n)) * shrink
    half = z * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2) * shrink
    # Rounding must not push a bound past the estimate or out of [0, 1].
    lower, upper = np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)
    return lower, upper


def newcombe_lower(p1: Any, n1: Any, p2: Any, n2: Any, z: Any) -> Floats:
    """Newcombe's lower bound of p1 - p2 (1998, method 10); for negative z the upper bound."""
    low1, _ = wilson_bounds(p1, n1, z)
    _, high2 = wilson_bounds(p2, n2, z)
    half = np.hypot(p1 - low1, high2 - p2)
    return np.asarray(p1 - p2 - np.sign(z) * half)


def ratio_spread(p1: Any, n1: Any, p2: Any, n2: Any, ratio: Any) -> Floats:
    """The standard error of p1 - ratio * p2 at the likeliest rates whose ratio is ``ratio``."""
    ratio = np.asarray(ratio, float)
    total = n1 + n2
    b = n1 * ratio + p1 * n1 + n2 + p2 * n2 * ratio
    successes = p1 * n1 + p2 * n2
    # The smaller root of  ratio * total * q^2 - b * q + successes, without cancellation.
    root = np.sqrt(np.maximum(b * b - 4.0 * ratio * total * successes, 0.0))
    q2 = np.clip(2.0 * successes / (b + root), 0.0, 1.0)
    q1 = np.clip(ratio * q2, 0.0, 1.0)
    return np.asarray(np.sqrt(q1 * (1 - q1) / n1 + ratio * ratio * q2 * (1 - q2) / n2))


def ratio_score(p1: Any, n1: Any, p2: Any, n2: Any, ratio: Any) -> Floats:
    """Koopman's score statistic (1984) of p1/p2 = ``ratio``: standard normal there, falls in it.

    The variance is that of the likeliest rates under the ratio (Miettinen and Nurminen 1985),
    which keeps its level where a count is zero and a log ratio would not exist.
    """
    ratio = np.asarray(ratio, float)
    return standardised(p1 - ratio * p2, ratio_spread(p1, n1, p2, n2, ratio))


def ratio_bound(p1: Any, n1: Any, p2: Any, n2: Any, z: Any) -> Floats:
    """The ratio at which ``ratio_score`` equals z: the lower bound of p1/p2 for positive z.

    0 where nothing is too small, infinite where nothing is too large.
    """
    shape = np.broadcast_shapes(*(np.shape(each) for each in (p1, n1, p2, n2, z)))
    low, high = np.full(shape, -40.0), np.full(shape, 40.0)
    found = falling_root(lambda t: ratio_score(p1, n1, p2, n2, np.exp(t)) - z, low, high)
    return np.where(found <= low, 0.0, np.where(found >= high, np.inf, np.exp(found)))
