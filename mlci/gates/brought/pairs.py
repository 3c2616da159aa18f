"""Groups whose values have bounds of their own, compared pair by pair.

Groups share no rows, so their errors are independent: a difference's bounds follow from those of
both values by square-and-add (MOVER: Zou and Donner 2008). Holm's step-down asks for bounds at the
levels alpha, alpha / 2, ... alpha / pairs, and at no others; a pair that has none at a level shows
nothing there.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
from scipy.special import ndtr

from mlci.gates.found import Estimate, Undefined
from mlci.statistics.fairness import Pair
from mlci.statistics.holm import holm, holm_levels
from mlci.statistics.nobounds import NoBounds
from mlci.statistics.proportions import quantile


@dataclass(frozen=True, kw_only=True)
class _Contrast:
    """The value of group ``i``, the higher one, minus that of ``j``; None where one has no value.

    ``sides``: a limit that is narrow beside the error could be broken, by chance, from either side.
    """

    i: int
    j: int
    high: Estimate | None
    low: Estimate | None
    limit: float
    alpha: float

    @property
    def estimate(self) -> float | None:
        if self.high is None or self.low is None:
            return None
        return self.high.value - self.low.value

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Each missing with a chance of ``alpha``; infinite where the groups bound nothing."""
        if self.high is None or self.low is None:
            return -math.inf, math.inf
        try:
            one, other = self.high.at(1.0 - alpha), self.low.at(1.0 - alpha)
        except NoBounds:
            return -math.inf, math.inf
        (l1, u1), (l2, u2) = one.interval, other.interval
        gap = one.value - other.value
        return (
            gap - math.hypot(one.value - l1, u2 - other.value),
            gap + math.hypot(u1 - one.value, other.value - l2),
        )

    def _reach(self, alpha: float) -> float:
        """From the estimate to its lower bound."""
        return math.inf if self.estimate is None else self.estimate - self.bounds(alpha)[0]

    @property
    def some(self) -> bool:
        """Whether it can show anything."""
        return math.isfinite(self._reach(self.alpha))

    @property
    def sides(self) -> int:
        return 1 if 2.0 * self.limit >= self._reach(self.alpha) else 2

    def p_value(self, pairs: int) -> float:
        """The smallest of alpha / 1 ... alpha / pairs at which it is shown beyond the limit, or 1:
        at these levels Holm's step-down decides as by the p-value itself."""
        passed = 0
        low, high = 1, pairs
        while low <= high:
            middle = (low + high) // 2
            if self.bounds(self.alpha / middle / self.sides)[0] > self.limit:
                passed, low = middle, middle + 1
            else:
                high = middle - 1
        return self.alpha / passed if passed else 1.0

    def power(self, level: float) -> float:
        """The chance to show, at ``level``, a pair that lies at twice the limit, by the errors
        seen; next to none where there is no bound at that level."""
        reach = self._reach(level / self.sides)
        return float(ndtr((self.limit / reach - 1.0) * quantile(1.0 - level / self.sides)))


def bounded_pairs(
    values: Sequence[Estimate | Undefined], *, limit: float, confidence: float, assure: bool
) -> tuple[Pair, ...]:
    """All k(k-1)/2 pairs of k groups, as ``statistics.fairness.pairwise`` gives them."""
    alpha = 1.0 - confidence
    make = partial(_contrast, values, limit=limit, alpha=alpha)
    contrasts = [make(i, j) for i, j in combinations(range(len(values)), 2)]
    some = [each.some for each in contrasts]
    pairs = max(sum(some), 1)
    p_values = np.array([each.p_value(pairs) for each in contrasts])
    adjusted, level = np.ones_like(p_values), np.full_like(p_values, alpha)
    adjusted[some] = holm(p_values[some])
    # A p-value of alpha / m times m may be alpha and a rounding error.
    beyond = adjusted <= alpha * (1.0 + 1e-9)
    steps = np.full_like(p_values, alpha)
    steps[some] = holm_levels(p_values[some], alpha * (1.0 + 1e-9)) / (1.0 + 1e-9)
    by_holm = np.array(some, np.bool_) & (beyond | (not assure))
    level[by_holm] = steps[by_holm]
    strictest = alpha if assure else alpha / pairs
    return tuple(
        _pair(each, p_values[at], adjusted[at], level[at], bool(beyond[at]), strictest)
        for at, each in enumerate(contrasts)
    )


def _pair(
    contrast: _Contrast, p: float, adjusted: float, level: float, beyond: bool, strictest: float
) -> Pair:
    lower, upper = contrast.bounds(float(level) / contrast.sides)
    least, most = contrast.bounds(contrast.alpha)
    return Pair(
        i=contrast.i,
        j=contrast.j,
        estimate=contrast.estimate,
        lower=lower,
        upper=upper if math.isfinite(upper) else None,
        confidence=1.0 - float(level),
        p_value=float(p),
        adjusted=float(adjusted),
        power=contrast.power(strictest),
        beyond=beyond,
        within=least > -contrast.limit and most < contrast.limit,
    )


def _contrast(
    values: Sequence[Estimate | Undefined], i: int, j: int, *, limit: float, alpha: float
) -> _Contrast:
    one, other = values[i], values[j]
    if not isinstance(one, Estimate) or not isinstance(other, Estimate):
        return _Contrast(i=i, j=j, high=None, low=None, limit=limit, alpha=alpha)
    if other.value > one.value:
        i, j, one, other = j, i, other, one
    return _Contrast(i=i, j=j, high=one, low=other, limit=limit, alpha=alpha)
