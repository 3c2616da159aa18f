"""The accuracy gate: one metric of the whole exam and of its slices, against a limit and against
the champion on the same rows.

The whole exam must be SHOWN to keep its limit (each judgement at its confidence; several that must
all pass need no correction). Slices raise an alarm when one is shown to break it (Holm).
"""

from collections.abc import Mapping

from mlci.gates.accuracy.estimates import Estimate, Undefined, absolute, against_champion
from mlci.gates.accuracy.evidence import Evidence, Measurement, gather
from mlci.gates.accuracy.slices import judge_slices
from mlci.gates.decision import decide, detectable, needed, threshold
from mlci.gates.planning import column_id, limits
from mlci.gates.planning import planned as judgements
from mlci.gates.protocol import Bench
from mlci.records.judgement import Judgement, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.records.policy import GatePolicy, GateSpec

ID = "accuracy"


def plan(spec: GateSpec, policy: GatePolicy, *, comparing: bool) -> tuple[Planned, ...]:
    """For the whole exam, and for each column of ``slices``: one judgement a limit. The levels of
    a column are known only from the data; they stand in the judgement's details."""
    stated = limits(spec, policy, (LimitKind.MINIMUM, LimitKind.MAXIMUM), comparing=comparing)
    columns = spec.parameters.get("slices", ())
    slices = [None, *((column_id(column), {"column": column}) for column in columns)]
    return judgements(spec, policy, stated, slices)


def measure(spec: GateSpec, planned: tuple[Planned, ...], bench: Bench) -> Measurement:
    """Raises Broken when the metric needs scores that the candidate doesn't give."""
    columns = tuple(dict.fromkeys(each.slice["column"] for each in planned if each.slice))
    return gather(
        spec.parameters["metric"],
        bench.examination(),
        columns,
        place=bench.candidate.release.model.uri,
    )


def judge(
    spec: GateSpec,  # noqa: ARG001 - all that it says is in what was planned
    planned: tuple[Planned, ...],
    measurement: Measurement,
) -> tuple[Judgement, ...]:
    return tuple(
        _whole(each, measurement.whole)
        if each.slice is None
        else _slices(each, measurement.slices[each.slice["column"]])
        for each in planned
    )


def _estimate(planned: Planned, evidence: Evidence) -> Estimate | Undefined:
    if planned.limit.kind is LimitKind.MARGIN:
        return against_champion(planned.metric, evidence)
    return absolute(planned.metric, evidence, exact=planned.slice is not None)


def _whole(planned: Planned, evidence: Evidence) -> Judgement:
    found = _estimate(planned, evidence)
    if isinstance(found, Undefined):
        return Judgement(planned=planned, outcome=found.outcome, reason=found.reason, n=found.n)
    interval = found.bounds(planned.confidence)
    outcome = decide(planned.limit, interval)
    shown = detectable(found.value, interval, planned.confidence)
    rows = needed(found.n, shown, abs(found.value - threshold(planned.limit)))
    return Judgement(
        planned=planned,
        outcome=outcome,
        reason=_reason(planned, outcome, rows),
        estimate=found.value,
        interval=interval,
        n=found.n,
        detectable=shown,
        needed=rows,
    )


def _slices(planned: Planned, levels: Mapping[str, Evidence]) -> Judgement:
    return judge_slices(
        planned, {level: _estimate(planned, evidence) for level, evidence in levels.items()}
    )


def _reason(planned: Planned, outcome: Outcome, rows: int | None) -> str:
    kept = {
        LimitKind.MINIMUM: "at least the minimum",
        LimitKind.MAXIMUM: "at most the maximum",
        LimitKind.MARGIN: "no worse than the champion by more than the margin",
    }[planned.limit.kind]
    at = f"at confidence {planned.confidence:g}"
    if outcome is Outcome.PASS:
        return f"shown to be {kept} {at}"
    if outcome is Outcome.FAIL:
        return f"shown not to be {kept} {at}"
    wanted = "no number of rows decides" if rows is None else f"about {rows:,} rows would decide"
    return f"not shown to be {kept}, nor the contrary, {at}; {wanted} at this estimate"
