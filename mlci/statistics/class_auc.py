"""One-vs-rest area under the ROC curve, the plain mean over classes, and its paired difference.

Each class has the bounds of auc.py; their mean recovers its width from them (MOVER: Zou, Huang and
Zhang 2009), so a rare class that is ranked perfectly still widens it. How the classes' areas vary
together comes from the rows' influences: a row's placement less the area, over the weight of its
side (DeLong et al. 1988), and for the mean the mean of these over the classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.statistics.auc import AreaEstimate, delong, paired_delong
from mlci.statistics.nobounds import NoBounds
from mlci.statistics.placements import Bools, placements
from mlci.statistics.sums import Floats

Scores = NDArray[np.floating[Any]]
Codes = NDArray[np.integer[Any]]

# Where no class varies nothing tells how they vary together; one error touches two classes.
_ALIKE = 2.0


@dataclass(frozen=True, kw_only=True)
class ClassRows:
    """``truth`` int [n] codes of ``names``; ``weight`` and ``cluster`` codes [n], or None."""

    truth: Codes
    names: Sequence[str]
    weight: Floats | None = None
    cluster: Codes | None = None

    def side(self, of: int) -> Bools:
        """Which rows are of the class. NoBounds where none is or all are (by weight)."""
        positive = np.asarray(self.truth == of)
        for side, what in ((positive, "no row is"), (~positive, "every row is")):
            held = side.any() if self.weight is None else self.weight[side].sum() > 0.0
            if not held:
                raise NoBounds(f"{what} of class {self.names[of]}")
        return positive


def macro_auc_value(rows: ClassRows, scores: Scores) -> float:
    """The mean of the classes' areas: scikit-learn's roc_auc_score(multi_class="ovr"), for any
    scores [n, k]. NoBounds where it is undefined: a class has no row, or all."""
    return float(np.mean([_influence(rows, of, [scores])[0] for of in range(len(rows.names))]))


def macro_auc(rows: ClassRows, candidate: Scores, confidence: float) -> AreaEstimate:
    """The mean area by scores [n, k], with bounds. NoBounds as above, ValueError for scores that
    aren't finite. ``effective`` is that of the class with fewest."""
    weight, cluster = rows.weight, rows.cluster
    areas = [
        delong(rows.side(of), candidate[:, of], confidence, weight=weight, cluster=cluster)
        for of in range(len(rows.names))
    ]
    return _mean(areas, _together(rows, [candidate]), least=0.0)


def macro_auc_difference(
    rows: ClassRows, candidate: Scores, champion: Scores, confidence: float
) -> AreaEstimate:
    """The candidate's mean area minus the champion's on the same rows; raises as above."""
    gains = [
        paired_delong(
            rows.side(of),
            candidate[:, of],
            champion[:, of],
            confidence,
            weight=rows.weight,
            cluster=rows.cluster,
        )
        for of in range(len(rows.names))
    ]
    return _mean(gains, _together(rows, [candidate, champion]), least=-1.0)


def _mean(areas: Sequence[AreaEstimate], together: float, least: float) -> AreaEstimate:
    seen, lower, upper, se = (
        np.array([getattr(each, name) for each in areas])
        for name in ("estimate", "lower", "upper", "se")
    )
    estimate, wide = float(seen.mean()), float(np.sqrt(together)) / seen.size
    return AreaEstimate(
        estimate=estimate,
        lower=max(estimate - float(np.linalg.norm(seen - lower)) * wide, least),
        upper=min(estimate + float(np.linalg.norm(upper - seen)) * wide, 1.0),
        se=float(np.linalg.norm(se)) * wide,
        effective=min(each.effective for each in areas),
    )


def _together(rows: ClassRows, models: Sequence[Scores]) -> float:
    """The variance of the mean over that of a mean of independent classes, from 1 to k."""
    size = len(rows.names)
    whole, apart = np.zeros(len(rows.truth)), 0.0
    for of in range(size):
        _, influence = _influence(rows, of, models)
        apart += _squares(influence, rows.cluster)
        whole += influence
    if apart <= 0.0:
        return min(_ALIKE, float(size))
    return float(np.clip(_squares(whole, rows.cluster) / apart, 1.0, size))


def _influence(rows: ClassRows, of: int, models: Sequence[Scores]) -> tuple[float, Floats]:
    """A class's area, or the difference of two, and what each row [n] adds to its deviation."""
    positive = rows.side(of)
    weight = np.ones(positive.size) if rows.weight is None else rows.weight
    placed = np.zeros(positive.size)
    for sign, scores in zip((1.0, -1.0), models, strict=False):
        above, below = placements(positive, scores[:, of], rows.weight)
        placed[positive] += sign * above
        placed[~positive] += sign * below
    area = float(np.average(placed[positive], weights=weight[positive]))
    side = np.where(positive, weight[positive].sum(), weight[~positive].sum())
    return area, np.asarray(weight * (placed - area) / side)


def _squares(influence: Floats, cluster: Codes | None) -> float:
    units = influence if cluster is None else np.bincount(cluster, weights=influence)
    return float(units @ units)
