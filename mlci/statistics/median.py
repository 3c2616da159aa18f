"""Bounds of a median by order statistics: right for every distribution, at any sample size.

The number of values below the median is Binomial(n, 1/2). So the k-th smallest value is below the
median with probability P(Binomial(n, 1/2) >= k), whatever the values' distribution is (Thompson
1936); ties and gaps only make the bounds safer.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtrc, betaincinv, ndtri


def fewest(confidence: float) -> int:
    """The smallest sample that has bounds at all: (1/2)^n is at most 1 - confidence."""
    return math.ceil(math.log2(1.0 / (1.0 - confidence)) - 1e-9)


def upper_rank(n: int, confidence: float) -> int | None:
    """The k whose k-th smallest of ``n`` values is the upper bound; the lower one is the k-th
    largest. None below ``fewest`` values."""
    ranks = np.arange(1, n + 1)
    enough = bdtrc(ranks - 1, n, 0.5) <= 1.0 - confidence + 1e-12
    return int(ranks[enough][0]) if enough.any() else None


def median_interval(values: ArrayLike, confidence: float) -> tuple[float, float] | None:
    """The pair of one-sided bounds, each at ``confidence``; None below ``fewest`` values.

    ValueError for values that are not finite.
    """
    ordered = np.sort(np.asarray(values, float))
    if not np.isfinite(ordered).all():
        raise ValueError("a median's bounds need finite values")
    rank = upper_rank(ordered.size, confidence)
    if rank is None:
        return None
    return float(ordered[ordered.size - rank]), float(ordered[rank - 1])


def passing_share(n: int, confidence: float, power: float = 0.8) -> float | None:
    """The share of all values that must keep a limit, for ``n`` of them to show with ``power``
    that the median keeps it; None below ``fewest`` values."""
    rank = upper_rank(n, confidence)
    return None if rank is None else float(betaincinv(rank, n - rank + 1, power))


def values_needed(within: int, n: int, confidence: float, power: float = 0.8) -> int | None:
    """Values that show on which side of a limit the median lies, at about (normal approximation),
    where ``within`` of ``n`` keep it; None where half of them do."""
    share = within / n
    if share == 0.5:
        return None
    spread = 0.5 * ndtri(confidence) + math.sqrt(share * (1 - share)) * ndtri(power)
    return max(math.ceil(float(spread / (share - 0.5)) ** 2), fewest(confidence))
