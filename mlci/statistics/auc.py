"""Area under the ROC curve, its standard error and the paired difference, by fast DeLong.

Every row's placement (the share of the other class that it is ranked above, ties counting half)
comes from one sort (DeLong et al. 1988; Sun and Xu 2014), so the variance costs no more than the
area itself. Of clustered rows the placements are summed by cluster (Obuchowski 1997), of weighted
ones both they and their means are weighted.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from mlci.statistics.placements import Bools, placements
from mlci.statistics.proportions import Floats, exact_bounds, quantile

_WORTH_A_THREAD = 100_000
_ROUNDING = 1e-24  # a variance that equal placements may seem to have

Codes = NDArray[np.integer[Any]]


@dataclass(frozen=True, kw_only=True)
class AreaEstimate:
    """An area, or a difference of two, with its standard error and pair of one-sided bounds.

    ``effective``: pairs of a positive and a negative row, none of which share a row or a cluster;
    the fewer of the two classes' effective sizes.
    """

    estimate: float
    lower: float
    upper: float
    se: float
    effective: float


def auc(truth: ArrayLike, score: ArrayLike, *, weight: ArrayLike | None = None) -> float:
    """The area under the ROC curve. ValueError with one class only or scores not finite."""
    rows = _Rows(truth, (score,), weight, None)
    return rows.mean(rows.placed(0)[0], 0)


def delong(
    truth: ArrayLike,
    score: ArrayLike,
    confidence: float,
    *,
    weight: ArrayLike | None = None,
    cluster: Codes | None = None,
) -> AreaEstimate:
    """The area with bounds on the logit scale, which stay within (0, 1) near a perfect score.

    Where the variance can't be told (no pair of rows ranked wrong, or few rows bear the errors)
    the bounds are those of ``effective`` pairs without a row in common, each of which is ranked
    right with the chance that the area is: exact bounds of a proportion. ``weight`` [n] isn't
    negative, ``cluster`` [n] are codes from 0. ValueError for what cannot be.
    """
    z = quantile(confidence)
    rows = _Rows(truth, (score,), weight, cluster)
    placed = rows.placed(0)
    area = min(max(rows.mean(placed[0], 0), 0.0), 1.0)
    lower, upper = (float(each) for each in exact_bounds(area, rows.effective, z))
    spread = rows.spread(
        placed, ((placed[0], 1 - placed[0]), (placed[1], 1 - placed[1])), area, confidence
    )
    if 0.0 < spread.half < math.inf and 0.0 < area < 1.0:
        centre, half = math.log(area / (1 - area)), spread.half / (area * (1 - area))
        lower, upper = max(lower, _expit(centre - half)), min(upper, _expit(centre + half))
    return AreaEstimate(
        estimate=area,
        lower=min(lower, area),
        upper=max(upper, area),
        se=spread.se,
        effective=rows.effective,
    )


def paired_delong(
    truth: ArrayLike,
    candidate: ArrayLike,
    champion: ArrayLike,
    confidence: float,
    *,
    weight: ArrayLike | None = None,
    cluster: Codes | None = None,
) -> AreaEstimate:
    """Area of the candidate minus area of the champion on the same rows, by Student's bounds.

    Two models that differ on few rows differ by jumps that a sample may not hold: the bounds are
    never narrower than the largest share of differently ranked pairs that can stay unseen among
    ``effective`` ones without a row in common. Where too few rows are ranked differently to tell
    the variance, they are -1 and 1.
    """
    quantile(confidence)
    rows = _Rows(truth, (candidate, champion), weight, cluster)
    if rows.positive.size >= _WORTH_A_THREAD:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(rows.placed, (0, 1))
    else:
        first, second = rows.placed(0), rows.placed(1)
    gained = first[0] - second[0], first[1] - second[1]
    estimate = rows.mean(gained[0], 0)
    spread = rows.spread(gained, ((np.abs(gained[0]),), (np.abs(gained[1]),)), estimate, confidence)
    unseen = -math.expm1(math.log(1.0 - confidence) / rows.effective)
    half = max(spread.half, unseen)
    return AreaEstimate(
        estimate=estimate,
        lower=max(estimate - half, -1.0),
        upper=min(estimate + half, 1.0),
        se=spread.se,
        effective=rows.effective,
    )


@dataclass(frozen=True, kw_only=True)
class _Spread:
    """The standard error, and Student's quantile times it; infinite where too few rows bear it."""

    se: float
    half: float


class _Rows:
    """The rows of both classes, and how quantities of theirs vary."""

    def __init__(
        self,
        truth: ArrayLike,
        scores: tuple[ArrayLike, ...],
        weight: ArrayLike | None,
        cluster: Codes | None,
    ) -> None:
        self.positive: Bools = np.asarray(truth, bool)
        self.scores = [np.asarray(each) for each in scores]
        self.weight = None if weight is None else np.asarray(weight, float)
        columns = [*self.scores, self.weight, cluster]
        shape = self.positive.shape
        if len(shape) != 1 or any(each is not None and each.shape != shape for each in columns):
            raise ValueError("truth, scores, weights and clusters are lists of the same length")
        if not all(np.all(np.isfinite(each)) for each in self.scores):
            raise ValueError("a score isn't finite")
        if self.weight is not None and not np.all((self.weight >= 0) & np.isfinite(self.weight)):
            raise ValueError("a weight is negative or not finite")
        sides = self.positive, ~self.positive
        self.weights = [None if self.weight is None else self.weight[side] for side in sides]
        self.clusters = [None if cluster is None else cluster[side] for side in sides]
        self.units = 0 if cluster is None or not cluster.size else int(cluster.max()) + 1
        counts = (int(np.count_nonzero(side)) for side in sides)
        self.totals = [
            float(count if own is None else own.sum())
            for count, own in zip(counts, self.weights, strict=True)
        ]
        if min(self.totals) <= 0.0:
            raise ValueError("only one class: the area under the ROC curve is undefined")
        self.effective = min(self._kish(side) for side in (0, 1))

    def placed(self, model: int) -> tuple[Floats, Floats]:
        return placements(self.positive, self.scores[model], self.weight)

    def mean(self, values: Floats, side: int) -> float:
        own = self.weights[side]
        return float(values.mean() if own is None else values @ own / self.totals[side])

    def spread(
        self,
        values: tuple[Floats, Floats],
        borne: tuple[Sequence[Floats], Sequence[Floats]],
        mean: float,
        confidence: float,
    ) -> _Spread:
        """Of a quantity whose mean over the positives is that over the negatives; ``borne`` are
        what its rows contribute, none below zero."""
        apart = [self._units(values[side] - mean, side) for side in (0, 1)]
        if self.units:
            variance = _unbiased(apart[0] + apart[1], self._present())
        else:
            variance = sum(_unbiased(each, each.size) for each in apart)
        if variance < _ROUNDING:
            return _Spread(se=0.0, half=0.0)
        se = math.sqrt(variance)
        degrees = min(self._degrees(borne[side], side) for side in (0, 1))
        if not degrees > 0.0 or not math.isfinite(se):
            return _Spread(se=se, half=math.inf)
        t = ndtri(confidence) if degrees > 1e9 else stdtrit(degrees, confidence)
        return _Spread(se=se, half=float(t) * se)

    def _degrees(self, borne: Sequence[Floats], side: int) -> float:
        """As Sums.degrees: by the units that bear what pulls up, and what pulls down. Placements
        of independent rows are tamer than sums of clusters, and count twice."""
        fewest, worth = math.inf, 0.5 if self.units or self.weight is not None else 1.0
        for part in borne:
            units = self._units(part, side)
            squares = units * units
            cubes = float(squares @ units)
            if cubes > 0.0:
                fewest = min(fewest, worth * float(squares.sum()) ** 3 / cubes**2 - 1.0)
        return fewest

    def _units(self, values: Floats, side: int) -> Floats:
        """Each unit's part of the mean of one class."""
        own, cluster = self.weights[side], self.clusters[side]
        weighted = values if own is None else values * own
        if cluster is not None:
            weighted = np.bincount(cluster, weights=weighted, minlength=self.units)
        return weighted / self.totals[side]

    def _present(self) -> int:
        seen = np.zeros(self.units, bool)
        for cluster in self.clusters:
            if cluster is not None:
                seen[cluster] = True
        return int(seen.sum())

    def _kish(self, side: int) -> float:
        if self.weight is None and not self.units:
            return self.totals[side]
        shares = self._units(
            np.ones(int(self.positive.sum()) if side == 0 else int((~self.positive).sum())), side
        )
        return 1.0 / float(shares @ shares)


def _unbiased(parts: Floats, units: int) -> float:
    """The variance of a sum of ``units`` independent parts, infinite where there is one only."""
    return float(parts @ parts) * (units / (units - 1)) if units > 1 else math.inf


def _expit(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))
