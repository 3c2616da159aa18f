"""Evidence -> an estimate that knows its bounds at any confidence.

Rates have Wilson's bounds, or the exact ones of Clopper and Pearson where many slices share an
error and a bound lies far out in the tail. The area under the curve has DeLong's, losses have
Student's, other metrics of labels the smooth bootstrap's of the table. Differences on the same
rows: Tango's for rates, paired DeLong, paired Student, the bootstrap of the joint table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, stdtrit

from mlci.gates.accuracy.evidence import Counts, Evidence, Losses, Moments, Scores
from mlci.gates.decision import Interval
from mlci.records.outcome import Outcome
from mlci.statistics.auc import AreaEstimate, delong, paired_delong
from mlci.statistics.intervals import bootstrap_table, percentile_interval, wilson
from mlci.statistics.paired import paired_difference

RESAMPLES = 10_000
SEED = 20_260_101
FEWEST_LOSSES = 30  # below this a mean of skewed losses has no bounds to rely on


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """``bounds`` gives the pair of one-sided bounds, each at the confidence asked for."""

    value: float
    n: int
    bounds: Callable[[float], Interval]


@dataclass(frozen=True, kw_only=True)
class Undefined:
    """No number, and why; ``outcome`` is what that means where the number was required."""

    reason: str
    n: int
    outcome: Outcome = Outcome.ERROR


def absolute(metric: str, evidence: Evidence, *, exact: bool = False) -> Estimate | Undefined:
    """The candidate's own value; ``exact`` asks for bounds of rates that never err too often."""
    if isinstance(evidence, Counts):
        return _of_table(metric, evidence.cells.sum(axis=2), exact)
    if isinstance(evidence, Losses):
        return _mean(evidence.candidate)
    return _area(
        evidence, lambda confidence: delong(evidence.truth, evidence.candidate, confidence)
    )


def against_champion(metric: str, evidence: Evidence) -> Estimate | Undefined:
    """How much better the candidate is than the champion on the same rows."""
    if isinstance(evidence, Counts):
        return _of_joint_table(metric, evidence.cells)
    champion = evidence.gain if isinstance(evidence, Losses) else evidence.champion
    if champion is None:
        return Undefined(reason=f"the champion gives no probabilities for {metric}", n=0)
    if isinstance(champion, Moments):
        return _mean(champion)
    assert isinstance(evidence, Scores)  # noqa: S101 - narrows the type
    truth, candidate = evidence.truth, evidence.candidate
    return _area(evidence, lambda confidence: paired_delong(truth, candidate, champion, confidence))


def metric_of(metric: str, tables: NDArray[Any]) -> NDArray[np.float64]:
    """scikit-learn's metric of tables [..., truth, prediction]; NaN where it is undefined."""
    (tn, fp), (fn, tp) = np.moveaxis(np.asarray(tables, np.float64), (-2, -1), (0, 1))
    with np.errstate(invalid="ignore"):
        match metric:
            case "accuracy":
                value = (tp + tn) / (tn + fp + fn + tp)
            case "precision":
                value = tp / (tp + fp)
            case "recall":
                value = tp / (tp + fn)
            case "f1":
                value = 2 * tp / (2 * tp + fp + fn)
            case "balanced_accuracy":
                value = 0.5 * (tp / (tp + fn) + tn / (tn + fp))
            case _:
                raise ValueError(f"{metric!r} is no metric of a table")
    return np.asarray(value)


def _of_table(metric: str, table: NDArray[np.int64], exact: bool) -> Estimate | Undefined:
    (tn, fp), (fn, tp) = table.tolist()
    value = float(metric_of(metric, table))
    if np.isnan(value):
        return _undefined(metric, tn + fp + fn + tp)
    hits, n = {
        "accuracy": (tp + tn, tn + fp + fn + tp),
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
    }.get(metric, (None, 0))
    if hits is None:
        return _resampled(value, table, lambda tables: metric_of(metric, tables))
    bounds = clopper_pearson if exact else wilson

    def rate(confidence: float) -> Interval:
        return _holding(value, bounds(hits, n, confidence))

    return Estimate(value=value, n=n, bounds=rate)


def clopper_pearson(hits: int, n: int, confidence: float) -> Interval:
    """The exact pair of one-sided bounds of a proportion (1934), each at ``confidence``."""
    alpha = 1.0 - confidence
    low = float(betaincinv(hits, n - hits + 1, alpha)) if hits else 0.0
    high = float(betaincinv(hits + 1, n - hits, confidence)) if hits < n else 1.0
    return low, high


def _of_joint_table(metric: str, cells: NDArray[np.int64]) -> Estimate | Undefined:
    value = float(_gain(metric, cells))
    if np.isnan(value):
        return _undefined(metric, int(cells.sum()))
    if metric not in ("accuracy", "recall"):
        return _resampled(value, cells, lambda tables: _gain(metric, tables))
    right = cells[1] if metric == "recall" else cells[1] + cells[0, ::-1, ::-1]
    better, worse, rows = int(right[1, 0]), int(right[0, 1]), int(right.sum())

    def tango(confidence: float) -> Interval:
        found = paired_difference(better, worse, rows, confidence)
        return _holding(value, (found.lower, found.upper))

    return Estimate(value=value, n=rows, bounds=tango)


def _resampled(
    value: float, cells: NDArray[np.int64], statistic: Callable[[NDArray[Any]], NDArray[np.float64]]
) -> Estimate:
    samples = bootstrap_table(cells, statistic, resamples=RESAMPLES, seed=SEED)

    def percentiles(confidence: float) -> Interval:
        return _holding(value, percentile_interval(samples, confidence))

    return Estimate(value=value, n=int(cells.sum()), bounds=percentiles)


def _holding(value: float, interval: Interval) -> Interval:
    """At the edge of a range, rounding and smoothing must not push a bound past the estimate."""
    return min(interval[0], value), max(interval[1], value)


def _gain(metric: str, tables: NDArray[Any]) -> NDArray[np.float64]:
    """Candidate minus champion of joint tables [..., truth, candidate, champion]."""
    gain = metric_of(metric, tables.sum(axis=-1)) - metric_of(metric, tables.sum(axis=-2))
    return np.asarray(gain)


def _area(scores: Scores, area: Callable[[float], AreaEstimate]) -> Estimate | Undefined:
    n = scores.truth.size
    if scores.truth.all() or not scores.truth.any():
        reason = f"roc_auc is undefined: one class only in {n} rows"
        return Undefined(reason=reason, n=n, outcome=Outcome.INCONCLUSIVE)
    at = cache(area)

    def bounds(confidence: float) -> Interval:
        found = at(confidence)
        return found.lower, found.upper

    return Estimate(value=at(0.95).estimate, n=n, bounds=bounds)


def _mean(moments: Moments) -> Estimate | Undefined:
    n = moments.n
    if n < FEWEST_LOSSES:
        reason = f"{n} rows, fewer than the {FEWEST_LOSSES} that a mean of losses needs"
        return Undefined(reason=reason, n=n, outcome=Outcome.INCONCLUSIVE)
    error = float(np.sqrt(moments.squares / (n - 1) / n))

    def student(confidence: float) -> Interval:
        half = float(stdtrit(n - 1, confidence)) * error
        return moments.mean - half, moments.mean + half

    return Estimate(value=moments.mean, n=n, bounds=student)


def _undefined(metric: str, n: int) -> Undefined:
    what = {
        "precision": "no row is predicted positive",
        "recall": "no row is positive",
        "f1": "no row is positive or predicted positive",
        "balanced_accuracy": "one class only",
        "accuracy": "no rows",
    }[metric]
    return Undefined(reason=f"{metric} is undefined: {what} among {n}", n=n)
