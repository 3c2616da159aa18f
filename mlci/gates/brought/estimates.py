"""Rows -> a plug-in's metric that knows its bounds, level by level in one bootstrap."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.gates.brought.evidence import MOST_ROWS, Answered
from mlci.gates.brought.frame import Positions, Resampled, resample
from mlci.gates.found import Estimate, Found, Undefined, known
from mlci.plugins.brought import BroughtMetric
from mlci.records.metric import Direction
from mlci.records.outcome import Outcome
from mlci.statistics.nobounds import NoBounds
from mlci.statistics.resampled import beyond

FEWEST_ROWS = 100
FEWEST_EVENTS = 30

Estimates = dict[str, Estimate | Undefined]


def estimates(
    metric: BroughtMetric, levels: Mapping[str, Answered], *, compared: bool
) -> Estimates:
    """The candidate's value of each level's rows or, ``compared``, how much better it is than the
    champion's on the same rows. Of too few rows there is a reason instead. Raises as the metric."""
    rows = sum(each.rows for each in levels.values())
    if rows > MOST_ROWS:
        reason = (
            f"{rows:,} rows, of which at most {MOST_ROWS:,} can be resampled for {metric.plugin}"
        )
        return {level: Undefined(reason=reason, n=each.rows) for level, each in levels.items()}
    if compared and any(each.champion is None for each in levels.values()):
        reason = f"the champion gives no probabilities for {metric.plugin}"
        return {level: Undefined(reason=reason, n=each.rows) for level, each in levels.items()}
    few = {level: reason for level, each in levels.items() if (reason := _too_few(each, compared))}
    enough = {level: each for level, each in levels.items() if level not in few}
    found: dict[str, Resampled] = {}
    if enough:
        sizes = {level: each.rows for level, each in enough.items()}
        function = _function(metric, list(enough.values()), compared=compared)
        found = resample(function, sizes, metric.declared.resamples)
    return {
        level: _estimate(found[level], metric, each, compared=compared)
        if level in found
        else Undefined(reason=few[level], n=each.rows, outcome=Outcome.INCONCLUSIVE)
        for level, each in levels.items()
    }


def _estimate(
    found: Resampled, metric: BroughtMetric, answered: Answered, *, compared: bool
) -> Estimate | Undefined:
    events = _events(answered, compared=compared)[0]

    def at(level: float) -> Found:
        interval = found.bounds(beyond(1.0 - level, events, metric.declared.resamples))
        if not interval[0] < interval[1]:
            raise NoBounds(f"all resamples give {found.value:.6g}: they bound nothing")
        return Found(value=found.value, interval=interval)

    return known(answered.rows, at)


def _too_few(answered: Answered, compared: bool) -> str:
    """Why a bootstrap of these rows bounds nothing, or empty: what is hardly ever in a resample
    hardly ever shows."""
    if answered.rows < FEWEST_ROWS:
        return f"{answered.rows} rows, and a bootstrap takes {FEWEST_ROWS}"
    events, what = _events(answered, compared=compared)
    if events < FEWEST_EVENTS:
        return f"{events} {what}, and a bootstrap takes {FEWEST_EVENTS}"
    return ""


def _events(answered: Answered, *, compared: bool) -> tuple[int, str]:
    """How many rows of the rarest kind that the value rests on, and which these are."""
    counts = [(answered.rows, "rows")]
    if answered.classes:
        classes, sizes = np.unique(answered.truth, return_counts=True)
        if classes.size < 2:
            return 0, f"rows of another class than {classes[0]}"
        rarest = int(np.argmin(sizes))
        counts.append((int(sizes[rarest]), f"rows of class {classes[rarest]}"))
        if answered.labels and compared and answered.champion is not None:
            differ = answered.candidate != answered.champion
            counts.append((int(differ.sum()), "rows on which the models differ"))
        elif answered.labels:
            wrong = int((answered.candidate != answered.truth).sum())
            counts.append((wrong, "wrong answers"))
            counts.append((answered.rows - wrong, "right answers"))
    return min(counts, key=lambda each: each[0])


def _function(
    metric: BroughtMetric, parts: list[Answered], *, compared: bool
) -> Callable[[Positions], float]:
    truth = np.concatenate([each.truth for each in parts])
    weight = _together([each.weight for each in parts])
    own = partial(_value, metric, truth, np.concatenate([each.candidate for each in parts]), weight)
    theirs = _together([each.champion for each in parts])
    if not compared or theirs is None:
        return own
    other = partial(_value, metric, truth, theirs, weight)
    sign = 1.0 if metric.record.direction is Direction.HIGHER else -1.0
    return lambda rows: sign * (own(rows) - other(rows))


def _together(parts: list[NDArray[Any] | None]) -> NDArray[Any] | None:
    given = [each for each in parts if each is not None]
    return np.concatenate(given) if len(given) == len(parts) else None


def _value(
    metric: BroughtMetric,
    truth: NDArray[Any],
    answers: NDArray[Any],
    weight: NDArray[Any] | None,
    rows: Positions,
) -> float:
    return metric.value(truth[rows], answers[rows], None if weight is None else weight[rows])
