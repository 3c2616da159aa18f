"""Area under the ROC curve, its standard error and the paired difference, by fast DeLong.

One sort a model: every row's placement (the share of the other class that it is ranked above,
ties counting half) comes from cumulative counts in score order (DeLong et al. 1988; Sun and
Xu 2014), so the variance costs no more than the area itself.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlci.statistics.proportions import Floats, quantile


@dataclass(frozen=True, kw_only=True)
class AreaEstimate:
    """An area, or a difference of two, with its standard error and pair of one-sided bounds."""

    estimate: float
    lower: float
    upper: float
    se: float


def auc(truth: ArrayLike, score: ArrayLike) -> float:
    """The area under the ROC curve. ValueError with one class only or scores not finite."""
    positives, _ = placements(truth, score)
    return float(positives.mean())


def delong(truth: ArrayLike, score: ArrayLike, confidence: float) -> AreaEstimate:
    """The area with bounds on the logit scale, which stay within (0, 1) near a perfect score.

    Where the variance is zero (all pairs of a positive and a negative row right, wrong, or tied)
    the bounds are exact: of k = min(positives, negatives) pairs without a row in common all came
    out alike, so the share of such pairs is at least (1 - confidence)^(1/k).
    """
    positives, negatives = placements(truth, score)
    z = quantile(confidence)
    area = float(positives.mean())
    se = _standard_error(positives, negatives, area * (1 - area))
    if se == 0.0:
        alike = _share_alike(min(positives.size, negatives.size), confidence)
        return AreaEstimate(
            estimate=area, lower=area * alike, upper=1.0 - (1.0 - area) * alike, se=0.0
        )
    centre, half = math.log(area / (1 - area)), z * se / (area * (1 - area))
    return AreaEstimate(
        estimate=area, lower=_expit(centre - half), upper=_expit(centre + half), se=se
    )


def paired_delong(
    truth: ArrayLike, candidate: ArrayLike, champion: ArrayLike, confidence: float
) -> AreaEstimate:
    """Area of the candidate minus area of the champion on the same rows, by normal bounds.

    Where no pair of rows is ranked differently the variance is zero, and the bounds are plus and
    minus the largest share of differently ranked pairs that could have stayed unseen (see delong).
    """
    first, second = placements(truth, candidate), placements(truth, champion)
    positives, negatives = first[0] - second[0], first[1] - second[1]
    z = quantile(confidence)
    estimate = float(first[0].mean()) - float(second[0].mean())
    se = _standard_error(positives, negatives, 1.0)
    half = z * se
    if se == 0.0:
        half = 1.0 - _share_alike(min(positives.size, negatives.size), confidence)
    return AreaEstimate(
        estimate=estimate,
        lower=max(estimate - half, -1.0),
        upper=min(estimate + half, 1.0),
        se=se,
    )


def placements(truth: ArrayLike, score: ArrayLike) -> tuple[Floats, Floats]:
    """For each positive row the share of negatives below it, for each negative the share of
    positives above it; ties count half. Both have the area as their mean."""
    positive, scores = _checked(truth, score)
    order = np.argsort(scores)
    ranked, is_positive = scores[order], positive[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    sizes = np.diff(np.append(starts, ranked.size))
    tied_positives = np.add.reduceat(is_positive.astype(np.int64), starts)
    tied_negatives = sizes - tied_positives
    negatives_below = np.cumsum(tied_negatives) - 0.5 * tied_negatives
    positives_below = np.cumsum(tied_positives) - 0.5 * tied_positives
    n_positive, n_negative = int(tied_positives.sum()), int(tied_negatives.sum())
    placed = np.empty(scores.size)
    placed[order] = np.where(
        is_positive,
        np.repeat(negatives_below / n_negative, sizes),
        np.repeat(1.0 - positives_below / n_positive, sizes),
    )
    return placed[positive], placed[~positive]


def _checked(truth: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    positive, scores = np.asarray(truth, bool), np.asarray(score, float)
    if positive.ndim != 1 or positive.shape != scores.shape:
        raise ValueError("truth and score are two lists of the same length")
    if not np.all(np.isfinite(scores)):
        raise ValueError("a score isn't finite")
    if positive.all() or not positive.any():
        raise ValueError("only one class: the area under the ROC curve is undefined")
    return positive, scores


def _standard_error(positives: Floats, negatives: Floats, largest: float) -> float:
    """``largest`` stands in for the variance of a class with one row: it can't be seen there."""

    def variance(values: Floats) -> float:
        if values.size == 1:
            return largest
        return 0.0 if np.ptp(values) == 0.0 else float(values.var(ddof=1))

    return math.sqrt(variance(positives) / positives.size + variance(negatives) / negatives.size)


def _share_alike(pairs: int, confidence: float) -> float:
    return math.pow(1.0 - confidence, 1.0 / pairs)


def _expit(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))
