"""Bounds of proportions, for whole arrays of counts at once.

``z`` is the normal quantile of one bound. A negative ``z`` mirrors a bound: the lower bound at
``-z`` is the upper bound at ``z``, which lets a p-value be found as a root over all z.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, ndtr, ndtri

Floats = NDArray[np.float64]

# A p-value this far out is 2e-33: no correction asks for less.
FARTHEST = 12.0


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
    lower, upper = exact_lower(p, n, z), 1.0 - exact_lower(1.0 - p, n, z)
    return np.minimum(lower, p), np.maximum(upper, p)


def exact_lower(p: Any, n: Any, z: Any) -> Floats:
    """The lower one of ``exact_bounds``, also for p that were not seen."""
    p, n, z = np.broadcast_arrays(*(np.asarray(each, float) for each in (p, n, z)))
    hits = p * n
    found = betaincinv(np.where(hits > 0, hits, 1.0), n - hits + 1.0, ndtr(-z))
    return np.where(hits > 0, found, 0.0)
