"""Estimates from numbers in their order: areas under the curve, quantiles of absolute errors."""

import numpy as np

from mlci.gates.accuracy.asked import Asked
from mlci.gates.accuracy.evidence import Scores
from mlci.gates.found import Found
from mlci.records.metric import Family
from mlci.statistics.auc import AreaEstimate
from mlci.statistics.class_auc import ClassRows, macro_auc, macro_auc_difference
from mlci.statistics.nobounds import NoBounds
from mlci.statistics.quantiles import Rows, quantile_difference, quantile_estimate
from mlci.statistics.values import ValueEstimate


def absolute(asked: Asked, scores: Scores, confidence: float) -> Found:
    """The candidate's own. Raises NoBounds where it is undefined, or no bounds hold."""
    if asked.family is Family.QUANTILE:
        return _found(scores, quantile_estimate(_errors(scores), asked.share, confidence))
    rows = _class_rows(asked, scores)
    if scores.candidate.ndim == 2:
        return _found(scores, macro_auc(rows, scores.candidate, confidence))
    rows.side(1)
    return _found(scores, scores.areas.area(confidence))


def difference(asked: Asked, scores: Scores, confidence: float) -> Found:
    """The candidate's less the champion's, on the same rows. Raises as above."""
    own, other = scores.candidate, scores.champion
    assert other is not None  # noqa: S101 - asked for only where there is one
    if asked.family is Family.QUANTILE:
        return _found(scores, quantile_difference(_errors(scores), asked.share, confidence))
    rows = _class_rows(asked, scores)
    if own.ndim == 2:
        return _found(scores, macro_auc_difference(rows, own, other, confidence))
    rows.side(1)
    return _found(scores, scores.areas.difference(confidence))


def _errors(scores: Scores) -> Rows:
    return Rows(
        candidate=scores.candidate.astype(np.float64),
        champion=None if scores.champion is None else scores.champion.astype(np.float64),
        weight=scores.weight,
        cluster=scores.cluster,
    )


def _class_rows(asked: Asked, scores: Scores) -> ClassRows:
    truth = np.asarray(scores.truth)
    if truth.dtype == np.bool_ and (truth.all() or not truth.any()):
        raise NoBounds(f"roc_auc is undefined: one class only in {truth.size} rows")
    return ClassRows(truth=truth, names=asked.classes, weight=scores.weight, cluster=scores.cluster)


def _found(scores: Scores, found: AreaEstimate | ValueEstimate) -> Found:
    simple = scores.weight is None and scores.cluster is None
    return Found(
        value=found.estimate,
        interval=(found.lower, found.upper),
        effective=None
        if simple
        else (found.units if isinstance(found, ValueEstimate) else found.effective),
    )
