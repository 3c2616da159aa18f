"""Sums over units with their third moments, and bounds that stay right where losses are skewed.

Student's bounds miss on the side of the long tail: the rows that make a mean large are the ones
that a sample may not hold. Hall's transformation (1992) takes the skewness out. The skewness seen
is itself too small in samples that hold no row of the tail, so more than what is seen is taken
out; on the side of the short tail Student's bound, wider there, stays.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from mlci.statistics import sums as plain
from mlci.statistics.nobounds import NoBounds
from mlci.statistics.proportions import quantile
from mlci.statistics.sums import Floats, Sums

FEWEST = 30  # units; below it nothing is known of a tail
MOST_SKEWED = 0.5  # skewness over the root of n: a few rows make up the mean
_UNSEEN = 6.0  # over n: the part of the skewness that few units don't show, by simulation
TAKEN_OUT = 2.0  # times the skewness seen, by simulation
_NOISE = 1e-24  # a variance this small against the squares it comes from is rounding
_CHUNK = 1 << 15


@dataclass(frozen=True, kw_only=True)
class Moments:
    """``third`` [C, C, C]: the sum over units of the outer product of each unit's sums, thrice.
    Column 0 of the sums is the weight of the rows."""

    sums: Sums
    third: Floats = field(repr=False)

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(sums=self.sums + other.sums, third=self.third + other.third)

    @property
    def units(self) -> float:
        """The number of equal units that would know as much (Kish 1965)."""
        weight = float(self.sums.values[0])
        squares = float(self.sums.cross[0, 0])
        return weight**2 / squares if squares > 0.0 else 0.0

    def spread(self, gradient: ArrayLike) -> tuple[float, float]:
        """Standard error of the metric with this gradient [C], and the skewness of the units'
        influences over the root of their number; (0, 0) where it doesn't vary."""
        g = np.asarray(gradient, float)
        most = float(np.abs(g) @ np.sqrt(np.diagonal(self.sums.cross))) ** 2
        squares = float(g @ self.sums.cross @ g)
        if squares <= _NOISE * most or self.sums.units < 2:
            return 0.0, 0.0
        cubes = float(np.einsum("ijk,i,j,k", self.third, g, g, g))
        units = self.sums.units
        return float(np.sqrt(squares * units / (units - 1))), cubes / squares**1.5


def of_rows(
    quantities: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: NDArray[np.integer[Any]] | None = None,
) -> Moments:
    """Of ``quantities`` [n, C], of which the first is 1 in each row; see ``sums.of_rows``."""
    x = np.asarray(quantities, float)
    units = x if weight is None else x * np.asarray(weight, float)[:, None]
    if cluster is not None:
        units = np.stack([np.bincount(cluster, weights=each) for each in units.T], axis=1)
    size = x.shape[1]
    third = np.zeros((size * size, size))
    for start in range(0, len(units), _CHUNK):
        part = units[start : start + _CHUNK]
        third += (part[:, :, None] * part[:, None, :]).reshape(-1, size * size).T @ part
    return Moments(
        sums=plain.of_rows(x, weight=weight, cluster=cluster), third=third.reshape((size,) * 3)
    )


def reach(
    moments: Moments, gradient: ArrayLike, confidence: float, units: float | None = None
) -> tuple[float, float]:
    """How far below and above its estimate a metric with this gradient may lie, each at
    ``confidence``. ``units`` limits the degrees of freedom. (0, 0) where it doesn't vary.

    NoBounds below FEWEST units, and where a few units make up the metric (MOST_SKEWED).
    """
    quantile(confidence)
    if moments.units < FEWEST:
        raise NoBounds(
            f"{moments.units:.0f} rows or clusters of equal weight, fewer than the {FEWEST} that "
            "bounds of a mean need"
        )
    error, skewness = moments.spread(gradient)
    if abs(skewness) > MOST_SKEWED * (1.0 - _UNSEEN / moments.units):
        raise NoBounds(f"a few of {moments.sums.units} rows or clusters make up most of the mean")
    known = moments.units if units is None else min(moments.units, units)
    t = float(stdtrit(max(known - 1.0, 1.0), confidence))
    long = error * float(long_tail(abs(skewness), t))
    return (error * t, long) if skewness >= 0.0 else (long, error * t)


def long_tail(skewness: Any, t: Any) -> Floats:
    """How many standard errors a bound on the side of the long tail lies off, at least t: Hall's
    inverse transformation. ``skewness`` is that seen, over the root of the units' number; below
    zero the tail is short."""
    a = TAKEN_OUT * np.maximum(skewness, 1e-6)
    return np.asarray(np.maximum(3.0 / a * (1.0 - np.cbrt(1.0 - a * (t + a / 6.0))), t))


def straightened(skewness: Any, t: Any) -> Floats:
    """The inverse of the bound above: a statistic t > 0 of a mean whose tail may reach below it,
    as Student's would be without the skewness; never more than t."""
    a = TAKEN_OUT * np.minimum(skewness, 0.0)
    return np.asarray(np.minimum(t + a * t * t / 3.0 + a * a * t**3 / 27.0 + a / 6.0, t))
