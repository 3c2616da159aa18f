"""The pairs of k groups as arrays: rates, p-values, bounds and power of all pairs at once."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from mlci.statistics.power import around, power_ratio, power_two_proportions
from mlci.statistics.proportions import (
    FARTHEST,
    Floats,
    contrast_lower,
    ratio_bound,
)
from mlci.statistics.roots import falling_root

Kind = Literal["difference", "ratio"]


class PairTable:
    """All pairs, oriented so that ``i`` has the higher rate; ``some`` marks pairs with rows.

    Arguments are float arrays: successes and totals of each group, effective ones where rows are
    weighted or clustered, and then ``correlation`` [k, k] of the groups' rates, which clusters that
    span groups bring about.
    """

    def __init__(self, x: Floats, n: Floats, kind: Kind, correlation: Floats | None = None) -> None:
        self.kind = kind
        rate = np.divide(x, n, out=np.zeros_like(x), where=n > 0)
        first, second = np.triu_indices(x.size, 1)
        self.some: NDArray[np.bool_] = (n[first] > 0) & (n[second] > 0)
        swap = (rate[second] > rate[first]) & self.some
        self.i, self.j = np.where(swap, second, first), np.where(swap, first, second)
        self.sizes = n[self.i], n[self.j]
        self.rates = rate[self.i], rate[self.j]
        ni, nj = (np.where(self.some, each, 1.0) for each in self.sizes)
        high, low = self.rates
        # A difference is rate_i - rate_j, a ratio rate_j / rate_i.
        self.arms = (high, ni, low, nj) if kind == "difference" else (low, nj, high, ni)
        self.correlation: Any = 0.0 if correlation is None else correlation[self.i, self.j]

    @property
    def estimate(self) -> tuple[Floats, NDArray[np.bool_]]:
        """The observed differences or ratios, and where they are defined."""
        high, low = self.rates
        if self.kind == "difference":
            return high - low, self.some
        defined = self.some & (high > 0)
        return np.divide(low, high, out=np.zeros_like(high), where=defined), defined

    def p_value(self, limit: float) -> Floats:
        """Of the hypothesis that the pair is not beyond ``limit`` in the direction seen."""
        farthest = np.full(self.some.shape, FARTHEST)
        ratio, least = (limit, 0.0) if self.kind == "ratio" else (1.0, limit)
        z = falling_root(
            lambda z: self._contrast(z, ratio) - least, -farthest, farthest, tolerance=1e-9
        )
        return np.asarray(ndtr(z if self.kind == "ratio" else -z))

    def bounds(self, z: Any) -> tuple[Floats, Floats]:
        """Lower and upper bound of each pair; the widest there are where a pair has no rows."""
        if self.kind == "difference":
            lower, upper = self._contrast(z, 1.0), self._contrast(-z, 1.0)
            return np.where(self.some, lower, -1.0), np.where(self.some, upper, 1.0)
        high, low = self.rates
        lower, upper = (
            ratio_bound(*self.arms, each, correlation=self.correlation) for each in (z, -z)
        )
        lower = np.where(self.some & (low > 0), lower, 0.0)
        return lower, np.where(self.some & (high > 0), upper, np.inf)

    def power(self, limit: float, confidence: float, base_rate: float) -> Floats:
        """The chance to show twice the limit (ratio: half of it) with rates about ``base_rate``.

        The smaller of two: either group may be the one with the higher rate.
        """
        ni, nj = self.sizes
        if self.kind == "difference":
            high, low = around(base_rate, min(2 * limit, 1.0))
            chances = [
                power_two_proportions(high, a, low, b, confidence, limit)
                for a, b in ((ni, nj), (nj, ni))
            ]
        else:
            high = min(2 * base_rate / (1 + limit / 2), 1.0)
            chances = [
                power_ratio(high * limit / 2, a, high, b, confidence, limit)
                for a, b in ((ni, nj), (nj, ni))
            ]
        return np.minimum(chances[0], chances[1])

    def _contrast(self, z: Any, ratio: float) -> Floats:
        return contrast_lower(*self.arms, z, ratio=ratio, correlation=self.correlation)
