"""Score bounds of a weighted mean of independent binomial shares: Wilson's for several classes.

A mean mu is tested at the likeliest shares that have this mean, found by one Lagrange multiplier
(Miettinen and Nurminen 1985; Yan and Su 2010 for strata); with one class this is Wilson's bound.
Half of the largest step that one row can make is given away (continuity), because a class of a
few rows makes coarse steps.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlci.statistics.proportions import Floats, standardised
from mlci.statistics.roots import falling_root

# The multiplier's logarithm is sought within these ends: from no pull at all to any pull.
_WEAKEST, _STRONGEST = -40.0, 60.0


@dataclass(frozen=True, kw_only=True)
class Shares:
    """``hits`` of ``rows`` (effective, > 0) a class: float [k]. ``curve``: what is averaged is the
    share p itself, or F1 as a function 2p / (1 + p) of it. ``together``: how much wider the mean
    varies than it would if the classes were independent."""

    hits: Floats
    rows: Floats
    curve: Literal["share", "f1"] = "share"
    together: float = 1.0

    @property
    def estimate(self) -> float:
        return float(self.metric(self.hits / self.rows).mean())

    def metric(self, share: Floats) -> Floats:
        return share if self.curve == "share" else 2.0 * share / (1.0 + share)

    def slope(self, share: Floats) -> Floats:
        return np.ones_like(share) if self.curve == "share" else 2.0 / (1.0 + share) ** 2

    def bend(self, share: Floats) -> Floats:
        return np.zeros_like(share) if self.curve == "share" else -4.0 / (1.0 + share) ** 3


def macro_bounds(shares: Shares, z: float) -> tuple[float, float]:
    """The pair of one-sided bounds of the plain mean over the classes, each at quantile ``z``."""
    return _bound(shares, z, 1.0), _bound(shares, z, -1.0)


def _bound(shares: Shares, z: float, side: float) -> float:
    """``side`` 1.0: the lower bound, where the mean seen is too high by z; -1.0: the upper."""
    seen, size = shares.hits / shares.rows, shares.hits.size
    weight = shares.slope(seen) / size
    step = 0.5 * float((weight / shares.rows).max())

    def share(log: Floats) -> Floats:
        return _likeliest(shares.hits, shares.rows, side * np.exp(log) * weight)

    def surplus(log: Floats) -> Floats:
        p = share(log)
        spread = p * (1.0 - p) / shares.rows
        # The mean of a curve of shares is not the curve of their mean: second order.
        expected = float((shares.metric(p) + 0.5 * shares.bend(p) * spread).mean())
        variance = shares.together * float((shares.slope(p) ** 2 * spread).sum()) / size**2
        off = max(side * (shares.estimate - expected) - step, 0.0)
        return np.asarray(z - standardised(off, np.sqrt(variance)))

    found = share(falling_root(surplus, _WEAKEST, _STRONGEST))
    bound = float(shares.metric(found).mean())
    return min(bound, shares.estimate) if side > 0 else max(bound, shares.estimate)


def _likeliest(hits: Floats, rows: Floats, pull: Floats) -> Floats:
    """The root in [0, 1] of  pull p^2 - (rows + pull) p + hits,  without cancellation."""
    b = rows + pull
    root = np.sqrt(np.maximum(b * b - 4.0 * pull * hits, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(b > 0.0, 2.0 * hits / (b + root), (b - root) / (2.0 * pull))
    return np.clip(p, 0.0, 1.0)
