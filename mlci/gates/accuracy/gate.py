"""The accuracy gate: one metric of the whole exam and of its slices, against a limit and against
the champion, and perhaps an older release, on the same rows.

The whole exam must be SHOWN to keep its limit (each judgement at its confidence; several that must
all pass need no correction). Slices raise an alarm when one is shown to break it (Holm).
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from mlci.evaluation.views import against
from mlci.gates.accuracy.asked import ask
from mlci.gates.accuracy.curves import curves
from mlci.gates.accuracy.estimates import of_levels
from mlci.gates.accuracy.evidence import Calibration, Measurement, gather
from mlci.gates.accuracy.slices import judge_slices
from mlci.gates.decision import decide, detectable, needed, threshold
from mlci.gates.found import Undefined
from mlci.gates.halves import Halves
from mlci.gates.planning import Slice, class_part, column_id, limits
from mlci.gates.planning import planned as judgements
from mlci.gates.protocol import Bench, anchor_of
from mlci.records.grouping import slice_grouping
from mlci.records.judgement import Judgement, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.records.policy import GatePolicy, GateSpec
from mlci.statistics.calibration import brier_parts

ID = "accuracy"


HALVES = Halves(measurement=Measurement, judged=frozenset({"minimum", "maximum", "champion"}))


def plan(spec: GateSpec, policy: GatePolicy, *, comparing: bool) -> tuple[Planned, ...]:
    """For the whole exam, and for each entry of ``slices``: one judgement a limit. The levels of
    a column are known only from the data; they stand in the judgement's details."""
    stated = limits(spec, policy, (LimitKind.MINIMUM, LimitKind.MAXIMUM), comparing=comparing)
    slices = [_slice(entry) for entry in spec.parameters.get("slices", ())]
    every = [class_part(spec, each) for each in (None, *slices)]
    return tuple(
        replace(each, alarm=each.slice is not None and "column" in each.slice)
        for each in judgements(spec, policy, stated, every)
    )


def _slice(entry: str | Mapping[str, Any]) -> Slice:
    grouping = slice_grouping(entry)
    if not grouping.bins:
        return column_id(grouping.column), {"column": grouping.column}
    edges = ",".join(f"{edge:g}" for edge in grouping.bins)
    part = {"column": grouping.column, "bins": list(grouping.bins)}
    return f"{column_id(grouping.column)}:{edges}", part


def measure(spec: GateSpec, planned: tuple[Planned, ...], bench: Bench) -> Measurement:
    """Raises Broken when the metric needs scores that the candidate doesn't give, or is of a class
    that the exam doesn't have."""
    asked, seen = ask(spec, bench.examination())
    place = bench.candidate.release.model.uri
    keys = tuple(dict.fromkeys(_key(each) for each in planned if each.alarm))
    whole = gather(asked, seen, keys, place)
    version = anchor_of(spec)
    if version is None or version not in seen.anchors:
        return whole
    return replace(whole, anchor=gather(asked, against(seen, version), keys, place))


def judge(
    spec: GateSpec, planned: tuple[Planned, ...], measurement: Measurement
) -> tuple[Judgement, ...]:
    return tuple(_judge(spec, each, measurement) for each in planned)


def _judge(spec: GateSpec, planned: Planned, measurement: Measurement) -> Judgement:
    found: Measurement | None = measurement
    if planned.limit.kind is LimitKind.ANCHOR:
        found = measurement.anchor
    if found is None:
        reason = f"version {anchor_of(spec)} was never HEALTHY here: there is nothing to compare"
        return Judgement(planned=planned, outcome=Outcome.ERROR, reason=reason)
    if not planned.alarm:
        return _whole(planned, found)
    levels = {key: each for key, each in found.slices[_key(planned)].items() if each is not None}
    compared = planned.limit.kind.compared
    return judge_slices(planned, of_levels(found.asked, levels, compared=compared))


def _whole(planned: Planned, measurement: Measurement) -> Judgement:
    compared = planned.limit.kind.compared
    found = of_levels(measurement.asked, {"": measurement.whole}, compared=compared)[""]
    drawn = curves(measurement.asked, measurement.whole)
    details: dict[str, Any] = {"curves": drawn} if drawn else {}
    if isinstance(measurement.whole, Calibration):
        details["brier"] = asdict(brier_parts(measurement.whole.candidate))
    if isinstance(found, Undefined):
        return Judgement(
            planned=planned, outcome=found.outcome, reason=found.reason, n=found.n, details=details
        )
    shown = found.at(planned.confidence)
    if shown.effective is not None:
        details["effectiveRows"] = shown.effective
    outcome = decide(planned.limit, shown.interval)
    reach = detectable(shown.value, shown.interval, planned.confidence)
    rows = needed(found.n, reach, abs(shown.value - threshold(planned.limit)))
    return Judgement(
        planned=planned,
        outcome=outcome,
        reason=_reason(planned, outcome, rows),
        estimate=shown.value,
        interval=shown.interval,
        n=found.n,
        detectable=reach,
        needed=rows,
        details=details,
    )


def _key(planned: Planned) -> str:
    return slice_grouping(planned.slice or {}).key


def _reason(planned: Planned, outcome: Outcome, rows: int | None) -> str:
    kept = {
        LimitKind.MINIMUM: "at least the minimum",
        LimitKind.MAXIMUM: "at most the maximum",
        LimitKind.MARGIN: "no worse than the champion by more than the margin",
        LimitKind.ANCHOR: "no worse than the anchor by more than its margin",
    }[planned.limit.kind]
    at = f"at confidence {planned.confidence:g}"
    if outcome is Outcome.PASS:
        return f"shown to be {kept} {at}"
    if outcome is Outcome.FAIL:
        return f"shown not to be {kept} {at}"
    wanted = "no number of rows decides" if rows is None else f"about {rows:,} rows would decide"
    return f"not shown to be {kept}, nor the contrary, {at}; {wanted} at this estimate"
