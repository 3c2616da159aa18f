"""From a measurement to judgements: a file's bytes as they are, a server's by the median start."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlci.gates.decision import decide
from mlci.gates.size.measurement import SizeMeasurement
from mlci.records.judgement import Judgement, LimitKind, Planned
from mlci.records.metric import COLD_START, MODEL_BYTES
from mlci.records.outcome import Outcome
from mlci.records.policy import GateSpec
from mlci.records.units import size_text
from mlci.statistics.median import fewest, median_interval, passing_share, values_needed


def judge(
    spec: GateSpec,  # noqa: ARG001 - all that it says is in what was planned
    planned: tuple[Planned, ...],
    measurement: SizeMeasurement,
) -> tuple[Judgement, ...]:
    """Pure. A limit itself is kept: ``maximum: 50MB`` permits 50 MB."""
    return tuple(_judge(each, measurement) for each in planned)


def _judge(planned: Planned, measurement: SizeMeasurement) -> Judgement:
    comparing = _comparing(planned)
    values = measurement.ratios() if comparing else measurement.candidate()
    error = measurement.error or (measurement.champion_error if comparing else "")
    if error or not values:
        reason = error or "nothing was measured"
        return Judgement(planned=planned, outcome=Outcome.ERROR, reason=reason)
    if planned.metric == MODEL_BYTES:
        return _exact(planned, values[0])
    return _median(planned, values, {"starts": measurement.shown})


def _exact(planned: Planned, value: float) -> Judgement:
    """The file that was hashed is the file that is delivered: nothing about it is uncertain."""
    outcome = decide(planned.limit, (value, value))
    return Judgement(
        planned=planned,
        outcome=outcome,
        reason=f"the model's file: {_shown(planned, value)}"
        + (" the champion's" if _comparing(planned) else "")
        + ", counted and not estimated",
        estimate=value,
        interval=(value, value),
        n=1,
        detectable=planned.limit.value if _comparing(planned) else 0.0,
    )


def _median(planned: Planned, values: Sequence[float], details: dict[str, Any]) -> Judgement:
    n, limit = len(values), planned.limit.value
    interval = median_interval(values, planned.confidence)
    share = passing_share(n, planned.confidence)
    if interval is None or share is None:
        least = fewest(planned.confidence)
        return Judgement(
            planned=planned,
            outcome=Outcome.INCONCLUSIVE,
            reason=f"{n} starts; {least} are the fewest that decide at confidence "
            f"{planned.confidence:g}",
            n=n,
            needed=least,
            details=details,
        )
    estimate = float(np.median(values))
    outcome = decide(planned.limit, interval)
    within = sum(value <= limit for value in values)
    needed = values_needed(within, n, planned.confidence)
    if outcome is Outcome.INCONCLUSIVE and needed is not None:
        needed = max(needed, n + 1)
    # Were this quantile at the limit, so many starts would keep it that the median is shown to.
    farther = float(np.quantile(values, share))
    return Judgement(
        planned=planned,
        outcome=outcome,
        reason=_reason(planned, estimate, interval, n, outcome, needed),
        estimate=estimate,
        interval=interval,
        n=n,
        detectable=limit * estimate / farther if _comparing(planned) else farther - estimate,
        needed=needed,
        details=details,
    )


def _reason(
    planned: Planned,
    estimate: float,
    interval: tuple[float, float],
    n: int,
    outcome: Outcome,
    needed: int | None,
) -> str:
    what = "cold start" if planned.metric == COLD_START else "peak memory"
    low, high = (_shown(planned, bound) for bound in interval)
    theirs, each = (" the champion's", " of each") if _comparing(planned) else ("", "")
    seen = f"median {what} {_shown(planned, estimate)}{theirs} ({low} to {high}, {n} starts{each})"
    limit = _shown(planned, planned.limit.value)
    if outcome is Outcome.PASS:
        return f"{seen}, shown to be within {limit}"
    if outcome is Outcome.FAIL:
        return f"{seen}, shown to be beyond {limit}"
    wanted = "no number of starts decides" if needed is None else f"about {needed} would decide"
    return f"{seen}, not shown to be within {limit}, nor beyond it; {wanted}"


def _comparing(planned: Planned) -> bool:
    return planned.limit.kind is LimitKind.MAXIMUM_RATIO


def _shown(planned: Planned, value: float) -> str:
    if _comparing(planned):
        return f"{value:.2f} times"
    return f"{value:.2f} s" if planned.metric == COLD_START else size_text(value)
