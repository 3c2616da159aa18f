"""What a judgement could show at the exam's size, said before anything is measured.

Labels and groups are known before the run, the models' answers are not. So a rate is taken at its
limit, two models are taken to disagree on DISCORDANCE of the rows, and the scores of one class to
spread as Hanley & McNeil (1982) assume; each forecast says which of these it used.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mlci.records.examination import Groups
from mlci.records.judgement import LimitKind, Planned
from mlci.records.metric import METRICS, Family
from mlci.statistics.pair_table import Kind, PairTable
from mlci.statistics.paired import detectable_margin
from mlci.statistics.power import detectable_difference, detectable_minimum
from mlci.statistics.proportions import quantile

DISCORDANCE = 0.10
CORRELATION = 0.7
POWER = 0.8


@dataclass(frozen=True, kw_only=True)
class Exam:
    """What is known before the run: ``truth`` bool [n], and the groups of each row."""

    truth: NDArray[np.bool_]
    groups: Mapping[str, Groups]


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """``n`` rows are behind it; ``detectable`` is the distance from the limit (a margin: the
    smallest margin) that is shown with power 0.8, None where that depends on what isn't known."""

    n: int
    detectable: float | None
    assuming: str
    warning: str = ""


def forecast(planned: Planned, exam: Exam) -> Forecast:
    """For a judgement on the rows of an exam; a load gate speaks for itself."""
    if planned.slice is not None and "by" in planned.slice:
        return _fairness(planned, exam)
    metric = METRICS[planned.metric]
    n = _rows(planned.metric, exam)
    if planned.limit.kind is LimitKind.MARGIN:
        return _margin(planned, metric.family, n, exam)
    if metric.family is Family.RANKING:
        spread = _area_error(planned.limit.value, exam)
        shown = _sum_of_quantiles(planned.confidence) * spread
        return Forecast(n=n, detectable=shown, assuming="an area at the limit")
    if metric.family is Family.LOSS:
        return Forecast(n=n, detectable=None, assuming="nothing: it depends on the losses' spread")
    limit = planned.limit.value
    aim = limit if planned.limit.kind is LimitKind.MINIMUM else 1.0 - limit
    return Forecast(
        n=n,
        detectable=detectable_minimum(n, aim, planned.confidence),
        assuming="a rate at the limit",
    )


def _margin(planned: Planned, family: Family, n: int, exam: Exam) -> Forecast:
    margin = planned.limit.value
    if family is Family.RANKING:
        spread = _area_error(0.85, exam) * math.sqrt(2 * (1 - CORRELATION))
        shown = _sum_of_quantiles(planned.confidence) * spread
        assuming = f"areas near 0.85 whose errors correlate by {CORRELATION:g}"
    elif family is Family.LOSS:
        return Forecast(n=n, detectable=None, assuming="nothing: it depends on the losses' spread")
    else:
        shown = detectable_margin(n, DISCORDANCE, planned.confidence)
        assuming = f"two models that disagree on {DISCORDANCE:.0%} of the rows"
    warning = f"a margin of {margin:g} is below it" if shown > margin else ""
    return Forecast(n=n, detectable=shown, assuming=assuming, warning=warning)


def _fairness(planned: Planned, exam: Exam) -> Forecast:
    columns = planned.slice["by"] if planned.slice is not None else ()
    names, totals = _group_sizes(planned.metric, columns, exam)
    n = int(totals.sum())
    if len(names) < 2:
        return Forecast(n=n, detectable=None, assuming="", warning="one group only")
    base = float(exam.truth.mean()) if planned.metric == "selection_rate" else 0.5
    pairs = len(names) * (len(names) - 1) // 2
    confidence = 1.0 - (1.0 - planned.confidence) / pairs
    if planned.limit.kind is LimitKind.MARGIN:
        return Forecast(n=n, detectable=None, assuming="nothing: it depends on both models' gaps")
    kind: Kind = "ratio" if planned.limit.kind is LimitKind.MINIMUM_RATIO else "difference"
    table = PairTable(totals * base, totals.astype(float), kind)
    power = table.power(planned.limit.value, confidence, base)
    small = [
        f"{names[one]}/{names[other]}"
        for (one, other), chance in zip(combinations(range(len(names)), 2), power, strict=True)
        if chance < POWER
    ]
    return Forecast(
        n=n,
        detectable=_widest_pair(totals, base, confidence, planned) if kind != "ratio" else None,
        assuming=f"rates near {base:.0%}",
        warning=f"too few rows to show twice the limit: {', '.join(small)}" if small else "",
    )


def _widest_pair(
    totals: NDArray[np.int64], base: float, confidence: float, planned: Planned
) -> float | None:
    """Of the two largest groups: the best that this exam can do."""
    first, second = (int(each) for each in np.sort(totals)[-2:][::-1])
    if second == 0:
        return None
    return detectable_difference(first, second, base, confidence, limit=planned.limit.value)


def _group_sizes(
    metric: str, columns: tuple[str, ...] | list[str], exam: Exam
) -> tuple[list[str], NDArray[np.int64]]:
    rows = _counted(metric, exam.truth)
    codes = np.zeros(exam.truth.shape, np.int64)
    names = [""]
    for column in columns:
        groups = exam.groups[column]
        codes = codes * len(groups.levels) + groups.codes
        names = [f"{name}, {level}".strip(", ") for name in names for level in groups.levels]
    present = np.bincount(codes, minlength=len(names)) > 0
    totals = np.bincount(codes[rows], minlength=len(names))
    return [name for name, is_there in zip(names, present, strict=True) if is_there], totals[
        present
    ]


def _rows(metric: str, exam: Exam) -> int:
    return int(_counted(metric, exam.truth).sum())


def _counted(metric: str, truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The rows that a metric looks at, as far as the labels say."""
    if metric in ("recall", "true_positive_rate", "false_negative_rate"):
        return truth
    return ~truth if metric == "false_positive_rate" else np.ones_like(truth)


def _area_error(area: float, exam: Exam) -> float:
    """Hanley & McNeil's standard error of an area under the curve, exponential scores."""
    positives = float(exam.truth.sum())
    negatives = float(exam.truth.size) - positives
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    variance = (
        area * (1 - area)
        + (positives - 1) * (q1 - area * area)
        + (negatives - 1) * (q2 - area * area)
    ) / (positives * negatives)
    return math.sqrt(variance)


def _sum_of_quantiles(confidence: float) -> float:
    return quantile(confidence) + quantile(POWER)
