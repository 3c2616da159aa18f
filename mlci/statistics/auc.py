"""Area under the ROC curve, its standard error and the paired difference, by fast DeLong.

Every row's placement (the share of the other class that it is ranked above, ties counting half)
comes from one sort (DeLong et al. 1988; Sun and Xu 2014), so the variance costs no more than the
area itself. Of clustered rows the placements are summed by cluster (Obuchowski 1997), of weighted
ones both they and their means are weighted.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from mlci.statistics.placements import STRETCH, Bools, Ranking, positives_first, rank
from mlci.statistics.proportions import Floats, exact_bounds, quantile

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
    return Areas(truth, (score,), weight=weight).rankings[0].area


def delong(
    truth: ArrayLike,
    score: ArrayLike,
    confidence: float,
    *,
    weight: ArrayLike | None = None,
    cluster: Codes | None = None,
) -> AreaEstimate:
    """See ``Areas.area``."""
    return Areas(truth, (score,), weight=weight, cluster=cluster).area(confidence)


def paired_delong(
    truth: ArrayLike,
    candidate: ArrayLike,
    champion: ArrayLike,
    confidence: float,
    *,
    weight: ArrayLike | None = None,
    cluster: Codes | None = None,
) -> AreaEstimate:
    """See ``Areas.difference``."""
    return Areas(truth, (candidate, champion), weight=weight, cluster=cluster).difference(
        confidence
    )


@dataclass(frozen=True, kw_only=True)
class _Spread:
    """Of a mean: its variance, and the degrees of freedom of that."""

    mean: float
    variance: float
    degrees: float

    def half(self, confidence: float) -> float:
        """Student's quantile times the standard error; infinite where too few rows bear it."""
        if self.variance < _ROUNDING:
            return 0.0
        if not self.degrees > 0.0 or not math.isfinite(self.se):
            return math.inf
        far = self.degrees > 1e9
        return float(ndtri(confidence) if far else stdtrit(self.degrees, confidence)) * self.se

    @property
    def se(self) -> float:
        return 0.0 if self.variance < _ROUNDING else math.sqrt(self.variance)


class Areas:
    """The rows of both classes as one or two models rank them: each is ranked once, when first
    asked about.

    ``scores`` are [n] each; ``weight`` [n] isn't negative, ``cluster`` [n] are codes from 0.
    ValueError for what cannot be: one class only, scores that aren't finite.
    """

    def __init__(
        self,
        truth: ArrayLike,
        scores: tuple[ArrayLike, ...],
        *,
        weight: ArrayLike | None = None,
        cluster: Codes | None = None,
    ) -> None:
        positive: Bools = np.asarray(truth, bool)
        columns = [np.asarray(each) for each in scores]
        own = None if weight is None else np.asarray(weight, float)
        shape = positive.shape
        given = [*columns, own, cluster]
        if len(shape) != 1 or any(each is not None and each.shape != shape for each in given):
            raise ValueError("truth, scores, weights and clusters are lists of the same length")
        if not all(_finite(each) for each in columns):
            raise ValueError("a score isn't finite")
        if own is not None and not (own.min(initial=0.0) >= 0.0 and _finite(own)):
            raise ValueError("a weight is negative or not finite")
        self._scores = [positives_first(positive, each) for each in columns]
        self._weight = None if own is None else positives_first(positive, own)
        self._cluster = None if cluster is None else positives_first(positive, cluster)
        self._first = int(np.count_nonzero(positive))
        self._sides = slice(0, self._first), slice(self._first, positive.size)
        self._units = 0 if cluster is None or not cluster.size else int(cluster.max()) + 1
        self._totals = [
            float(side.stop - side.start if self._weight is None else self._weight[side].sum())
            for side in self._sides
        ]
        if min(self._totals) <= 0.0:
            raise ValueError("only one class: the area under the ROC curve is undefined")
        self._effective = min(self._kish(side) for side in (0, 1))

    @cached_property
    def rankings(self) -> tuple[Ranking, ...]:
        """One a model."""
        return tuple(rank(each, self._first, self._weight) for each in self._scores)

    def area(self, confidence: float) -> AreaEstimate:
        """The first model's area with bounds on the logit scale, which stay within (0, 1) near a
        perfect score.

        Where the variance can't be told (no pair of rows ranked wrong, or few rows bear the errors)
        the bounds are those of ``effective`` pairs without a row in common, each of which is ranked
        right with the chance that the area is: exact bounds of a proportion.
        """
        z, spread = quantile(confidence), self._of_one
        area = min(max(spread.mean, 0.0), 1.0)
        lower, upper = (float(each) for each in exact_bounds(area, self._effective, z))
        half = spread.half(confidence)
        if 0.0 < half < math.inf and 0.0 < area < 1.0:
            centre, half = math.log(area / (1 - area)), half / (area * (1 - area))
            lower, upper = max(lower, _expit(centre - half)), min(upper, _expit(centre + half))
        return AreaEstimate(
            estimate=area,
            lower=min(lower, area),
            upper=max(upper, area),
            se=spread.se,
            effective=self._effective,
        )

    def difference(self, confidence: float) -> AreaEstimate:
        """Area of the first model minus area of the second on the same rows, by Student's bounds.

        Two models that differ on few rows differ by jumps that a sample may not hold: the bounds
        are never narrower than the largest share of differently ranked pairs that can stay unseen
        among ``effective`` ones without a row in common. Where too few rows are ranked differently
        to tell the variance, they are -1 and 1.
        """
        quantile(confidence)
        spread = self._of_two
        unseen = -math.expm1(math.log(1.0 - confidence) / self._effective)
        half = max(spread.half(confidence), unseen)
        return AreaEstimate(
            estimate=spread.mean,
            lower=max(spread.mean - half, -1.0),
            upper=min(spread.mean + half, 1.0),
            se=spread.se,
            effective=self._effective,
        )

    @cached_property
    def _of_one(self) -> _Spread:
        """Of a row's placement; what it bears is the share that it wins, and the share it loses."""
        ranking = self.rankings[0]
        return self._spread(ranking.twice, None, ranking.area)

    @cached_property
    def _of_two(self) -> _Spread:
        """Of the difference of a row's two placements; it bears what is ranked differently."""
        one, other = self.rankings
        return self._spread(one.twice, other.twice, one.area - other.area)

    def _spread(self, twice: NDArray[Any], other: NDArray[Any] | None, mean: float) -> _Spread:
        """Of a quantity whose mean over the positives is that over the negatives."""
        squares, borne = np.zeros(2), np.zeros((2, 2, 2))
        apart: list[Floats] = []
        for side, rows in enumerate(self._sides):
            share = 1.0 / self._totals[side]
            for part in self._parts(rows):
                won = twice[part] if other is None else twice[part] - other[part]
                values = won * (0.5 * share / self._totals[1 - side])
                if side:
                    values = share - values if other is None else -values
                deviations = self._by_unit(values - mean * share, part)
                if self._units:
                    apart.append(deviations)
                else:
                    squares[side] += np.square(deviations).sum()
                bearing = (values, share - values) if other is None else (np.abs(values),)
                for at, each in enumerate(bearing):
                    units = self._by_unit(each, part)
                    square = units * units
                    borne[side, at] += square.sum(), (square * units).sum()
        if self._cluster is not None:
            clusters = np.unique(self._cluster).size
            variance = _unbiased(float(np.square(sum(apart)).sum()), clusters)
        else:
            variance = sum(
                _unbiased(float(square), rows.stop - rows.start)
                for square, rows in zip(squares, self._sides, strict=True)
            )
        return _Spread(mean=mean, variance=variance, degrees=self._degrees(borne.reshape(-1, 2)))

    def _degrees(self, borne: Floats) -> float:
        """As Sums.degrees: by the units that bear what pulls up, and what pulls down, from their
        sums of squares and of cubes. Placements of independent rows are tamer than sums of
        clusters, and count twice."""
        worth = 0.5 if self._units or self._weight is not None else 1.0
        found = [worth * square**3 / cube**2 - 1.0 for square, cube in borne.tolist() if cube > 0.0]
        return min(found, default=math.inf)

    def _parts(self, rows: slice) -> Iterator[slice]:
        """Stretches that the processor's cache holds; clusters may span these."""
        length = rows.stop - rows.start if self._units else STRETCH
        for start in range(rows.start, rows.stop, length):
            yield slice(start, min(start + length, rows.stop))

    def _by_unit(self, values: Floats, part: slice) -> Floats:
        """What each unit adds to a mean."""
        if self._weight is not None:
            values = values * self._weight[part]
        if self._cluster is not None:
            return np.asarray(np.bincount(self._cluster[part], values, self._units), float)
        return values

    def _kish(self, side: int) -> float:
        if self._weight is None and not self._units:
            return self._totals[side]
        rows = self._sides[side]
        shares = self._by_unit(np.full(rows.stop - rows.start, 1.0 / self._totals[side]), rows)
        return 1.0 / float(shares @ shares)


def _finite(values: NDArray[Any]) -> bool:
    return not values.size or bool(np.isfinite(values.min()) and np.isfinite(values.max()))


def _unbiased(squares: float, units: int) -> float:
    """The variance of a sum of ``units`` independent parts, infinite where there is one only."""
    return squares * (units / (units - 1)) if units > 1 else math.inf


def _expit(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))
