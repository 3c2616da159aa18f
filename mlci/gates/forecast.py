"""What a judgement could show at the exam's size, said before anything is measured.

Labels and groups are known before the run, the models' answers are not. So a rate is taken at its
limit, two models are taken to disagree on DISCORDANCE of the rows, and the scores of one class to
spread as Hanley & McNeil (1982) assume; each forecast says which of these it used.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.gates.decision import POWER
from mlci.records.evaluation_set import Scalar
from mlci.records.examination import Groups
from mlci.records.judgement import LimitKind, Planned
from mlci.records.metric import BINARY, METRICS, Family
from mlci.statistics.paired import detectable_margin
from mlci.statistics.power import detectable_minimum
from mlci.statistics.proportions import quantile

DISCORDANCE = 0.10
AREA, CORRELATION = 0.85, 0.7


@dataclass(frozen=True, kw_only=True)
class Exam:
    """What is known before the run: ``truth`` [n], bool in a binary task, codes into ``classes`` in
    a multiclass one, values in a regression; and the groups of each row."""

    truth: NDArray[Any]
    groups: Mapping[str, Groups]
    task: str = BINARY
    classes: tuple[Scalar, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """``n`` of ``unit`` are behind it; ``detectable`` is what is shown with power 0.8, None where
    that depends on what isn't known: of a minimum or maximum the distance from it, of a margin the
    smallest one, of groups the smallest gap (the largest ratio) beyond the limit. ``by_answers``:
    the models' answers alone decide it, so that an earlier verdict may tell."""

    n: int
    detectable: float | None
    assuming: str
    unit: str = "rows"
    warning: str = ""
    by_answers: bool = False


def overall(planned: Planned, exam: Exam) -> Forecast:
    """For one metric of the whole exam against a limit or against the champion."""
    if planned.limit.kind.compared:
        return _margin(planned, exam)
    return _limit(planned, exam)


def _limit(planned: Planned, exam: Exam) -> Forecast:
    metric, limit = METRICS[planned.metric], planned.limit.value
    n, whose = counted(planned.metric, exam.truth)
    if metric.family in (Family.LOSS, Family.CALIBRATION):
        return by_answers(n, "the scores' spread decides")
    if metric.family is Family.PROPORTION:
        aim = limit if planned.limit.kind is LimitKind.MINIMUM else 1.0 - limit
        shown = detectable_minimum(n, aim, planned.confidence)
        warning = "" if shown is not None else "even all rows right would not show it"
        return Forecast(
            n=n, detectable=shown, assuming=f"a rate at the limit{whose}", warning=warning
        )
    spread = _area_error(limit, exam.truth)
    assuming = "an area at the limit"
    if planned.metric == "f1":
        spread, assuming = _f1_error(limit, n), f"a rate at the limit{whose}"
    elif metric.family is Family.TABLE:
        spread = _two_rates_error(limit * (1 - limit), exam.truth)
        assuming = "both classes' rates at the limit"
    shown = _both_quantiles(planned.confidence) * spread
    beyond = limit + shown > 1.0
    return Forecast(
        n=n,
        detectable=None if beyond else shown,
        assuming=assuming,
        warning="even a perfect model would hardly show it" if beyond else "",
    )


def _margin(planned: Planned, exam: Exam) -> Forecast:
    metric, margin = METRICS[planned.metric], planned.limit.value
    n, whose = counted(planned.metric, exam.truth)
    assuming = f"two models that disagree on {DISCORDANCE:.0%} of the rows{whose}"
    if metric.family in (Family.LOSS, Family.CALIBRATION) or planned.metric in ("f1", "precision"):
        # Which rows they disagree on would decide, and that isn't known.
        return by_answers(n, "the models' answers decide")
    if metric.family is Family.RANKING:
        spread = _area_error(AREA, exam.truth) * math.sqrt(2 * (1 - CORRELATION))
        shown = _both_quantiles(planned.confidence) * spread
        assuming = f"areas near {AREA:g} whose errors correlate by {CORRELATION:g}"
    elif metric.family is Family.TABLE:
        shown = _both_quantiles(planned.confidence) * _two_rates_error(DISCORDANCE, exam.truth)
    else:
        shown = detectable_margin(n, DISCORDANCE, planned.confidence)
    return Forecast(n=n, detectable=shown, assuming=assuming, warning=too_narrow(shown, margin))


def by_answers(n: int, what: str) -> Forecast:
    """Where labels and groups say nothing of the spread."""
    return Forecast(n=n, detectable=None, assuming=f"nothing: {what}", by_answers=True)


def too_narrow(shown: float, margin: float) -> str:
    return f"the margin of {margin:g} is narrower" if shown > margin else ""


def counted(metric: str, truth: NDArray[np.bool_]) -> tuple[int, str]:
    """How many rows a metric looks at, and what had to be assumed for that."""
    if metric in ("precision", "f1"):
        return int(truth.sum()), ", as many rows predicted positive as are positive"
    return int(looked_at(metric, truth).sum()), ""


def looked_at(metric: str, truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The rows that a metric looks at, as far as the labels say."""
    if metric in ("recall", "true_positive_rate", "false_negative_rate"):
        return truth
    return ~truth if metric == "false_positive_rate" else np.ones_like(truth)


def _f1_error(f1: float, positives: int) -> float:
    """F1 is 2J / (1 + J) of the share J of true positives among rows that are positive, or
    predicted so; the delta method on J's binomial error."""
    share = f1 / (2.0 - f1)
    among = positives * (2.0 - f1)
    return 2.0 / (1.0 + share) ** 2 * math.sqrt(share * (1.0 - share) / among)


def _two_rates_error(variance: float, truth: NDArray[np.bool_]) -> float:
    """Of the mean of two classes' rates, each of this variance a row."""
    positives = float(truth.sum())
    return 0.5 * math.sqrt(variance / positives + variance / (truth.size - positives))


def _area_error(area: float, truth: NDArray[np.bool_]) -> float:
    """Hanley & McNeil's standard error of an area under the curve, exponential scores."""
    positives = float(truth.sum())
    negatives = float(truth.size) - positives
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    variance = (
        area * (1 - area)
        + (positives - 1) * (q1 - area * area)
        + (negatives - 1) * (q2 - area * area)
    ) / (positives * negatives)
    return math.sqrt(variance)


def _both_quantiles(confidence: float) -> float:
    return quantile(confidence) + quantile(POWER)
