"""The pairs of k groups as arrays: rates, p-values, bounds and power of all pairs at once."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from mlci.statistics.contrasts import Contrast, Independent, Index, contrast
from mlci.statistics.power import around, power_ratio, power_two_proportions
from mlci.statistics.proportions import FARTHEST, Floats
from mlci.statistics.roots import falling_root

Kind = Literal["difference", "ratio"]

# Between which a p-value is looked for. At zero bounds jump: nothing is known at all there.
_ON_EITHER_SIDE = np.array([1e-9, 1.0, 2.0, 3.0, 4.5, 6.5, 9.0, FARTHEST])
_GRID = np.concatenate([-_ON_EITHER_SIDE[::-1], _ON_EITHER_SIDE])
_BLOCK = 1 << 14  # pairs whose p-values are looked for together


class PairTable:
    """All pairs, oriented so that ``i`` has the higher rate; ``some`` marks pairs with rows.

    Arguments are float arrays: successes and totals of each group, effective ones where rows are
    weighted or clustered, and then ``correlation`` [k, k] of the groups' rates, which clusters that
    span groups bring about.
    """

    def __init__(self, x: Floats, n: Floats, kind: Kind, correlation: Floats | None = None) -> None:
        self.kind = kind
        rate = np.divide(x, n, out=np.zeros_like(x), where=n > 0)
        self._groups = (
            None if correlation is not None else Independent(rate, np.where(n > 0, n, 1.0))
        )
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
        self._order = (self.i, self.j) if kind == "difference" else (self.j, self.i)
        zero = np.zeros(self.some.shape)
        self._correlation: Floats = zero if correlation is None else correlation[self.i, self.j]

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
        ratio, least = (limit, 0.0) if self.kind == "ratio" else (1.0, limit)
        z = np.empty(self.some.size)
        for start in range(0, z.size, _BLOCK):
            pairs = np.arange(start, min(start + _BLOCK, z.size))
            z[pairs] = self._touching(pairs, ratio, least)
        return np.asarray(ndtr(z if self.kind == "ratio" else -z))

    def bounds(self, z: Any) -> tuple[Floats, Floats]:
        """Lower and upper bound of each pair; the widest there are where a pair has no rows."""
        z = np.broadcast_to(np.asarray(z, float), self.some.shape)
        every = np.arange(z.size)
        if not z.size:
            return np.empty(0), np.empty(0)
        levels, number = np.unique(z, return_counts=True)
        usual = float(levels[number.argmax()])
        lower, upper = self._bounds(*(self._shared(every, each) for each in (usual, -usual)))
        others = np.flatnonzero(z != usual)
        lower[others], upper[others] = self._bounds(
            *(self._own(others, each) for each in (z[others], -z[others]))
        )
        if self.kind == "difference":
            return np.where(self.some, lower, -1.0), np.where(self.some, upper, 1.0)
        high, low = self.rates
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

    def _touching(self, pairs: Index, ratio: float, least: float) -> Floats:
        """The z at which the bound of each contrast is ``least``, -FARTHEST .. FARTHEST."""
        seen = np.stack([self._shared(pairs, z).bound(ratio) - least for z in _GRID.tolist()])
        above = np.count_nonzero(seen > 0.0, axis=0)
        found = np.where(above == 0, -FARTHEST, FARTHEST)
        between = np.flatnonzero((above > 0) & (above < _GRID.size))
        after = above[between]
        found[between] = falling_root(
            lambda z: self._own(pairs[between], z).bound(ratio) - least,
            _GRID[after - 1],
            _GRID[after],
            1e-9,
            ends=(seen[after - 1, between], seen[after, between]),
        )
        return found

    def _bounds(self, down: Contrast, up: Contrast) -> tuple[Floats, Floats]:
        if self.kind == "difference":
            return down.bound(), up.bound()
        return down.ratio(), up.ratio()

    def _shared(self, pairs: Index, z: float) -> Contrast:
        """At one z for all: what groups have in common is found once."""
        if self._groups is None:
            return self._own(pairs, np.full(pairs.size, z))
        first, second = self._order
        return self._groups.contrast(first[pairs], second[pairs], z)

    def _own(self, pairs: Index, z: Floats) -> Contrast:
        """At a z for each."""
        p1, n1, p2, n2 = (each[pairs] for each in self.arms)
        return contrast(p1, n1, p2, n2, z, correlation=self._correlation[pairs])
