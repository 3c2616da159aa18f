"""ROC and precision-recall curves thinned to a few points, each of them exact; for plots only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mlci.statistics.placements import Ranking, positives_first, rank

MOST_POINTS = 101


@dataclass(frozen=True, kw_only=True)
class Curves:
    """``roc``: (false positive rate, true positive rate) from (0, 0) to (1, 1), both rising.
    ``precision_recall``: (recall, precision), recall rising."""

    roc: tuple[tuple[float, float], ...]
    precision_recall: tuple[tuple[float, float], ...]


def curves(
    truth: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None, most: int = MOST_POINTS
) -> Curves:
    """Of scores [n]. ValueError with one class only (by weight) or scores that aren't finite."""
    positive, scores = np.asarray(truth, bool), np.asarray(score)
    w = None if weight is None else np.asarray(weight, float)
    if not np.all(np.isfinite(scores)):
        raise ValueError("a score isn't finite")
    for side in (positive, ~positive):
        if not (side.any() if w is None else w[side].sum() > 0.0):
            raise ValueError("only one class: there is no curve")
    own = None if w is None else positives_first(positive, w)
    first = int(np.count_nonzero(positive))
    return of_ranking(rank(positives_first(positive, scores), first, own), most)


def of_ranking(ranking: Ranking, most: int = MOST_POINTS) -> Curves:
    """At most ``most`` points of each curve, evenly along the ROC curve."""
    hits, alarms = (ranking.steps[-1] - ranking.steps[::-1])[1:].T
    recall, false = hits / hits[-1], alarms / alarms[-1]
    kept = _evenly(recall + false, most - 1)
    told = kept[(hits + alarms)[kept] > 0.0]
    precision = hits[told] / (hits + alarms)[told]
    return Curves(
        roc=((0.0, 0.0), *zip(false[kept].tolist(), recall[kept].tolist(), strict=True)),
        precision_recall=tuple(zip(recall[told].tolist(), precision.tolist(), strict=True)),
    )


def _evenly(along: np.ndarray, most: int) -> np.ndarray:
    """At most ``most`` places of a rising list, the first and the last among them, as evenly as
    its values allow."""
    targets = np.linspace(along[0], along[-1], most)
    places = np.clip(np.searchsorted(along, targets), 0, along.size - 1)
    return np.unique(np.concatenate([[0], places[1:-1], [along.size - 1]]))
