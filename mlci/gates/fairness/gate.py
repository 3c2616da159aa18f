"""The fairness gate: every pair of groups of each ``by`` entry, and the widest gap against the
champion's.

``alarm`` fails when a pair is shown beyond the limit after Holm; ``assure`` passes only when every
pair is shown within it. Pairs too small to show twice the limit are always named.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mlci.evaluation.views import against, is_multiclass, one_class, right_or_wrong
from mlci.gates.fairness.against import Against, ErrorsAgainst, RatesAgainst
from mlci.gates.fairness.answers import GroupAnswers, compare_answers, gather_answers
from mlci.gates.fairness.champion import judge_against_champion
from mlci.gates.fairness.counts import GroupCounts, count
from mlci.gates.fairness.errors import GroupErrors, compare_errors, gather_errors
from mlci.gates.fairness.pairs import ASSURE, judge_pairs
from mlci.gates.fairness.rates import compare_rates
from mlci.gates.halves import Halves
from mlci.gates.parts.merging import each
from mlci.gates.planning import class_part, column_id, limits
from mlci.gates.planning import planned as judgements
from mlci.gates.protocol import Bench, anchor_of
from mlci.plugins.metrics import installed
from mlci.records.examination import Examination
from mlci.records.judgement import Judgement, LimitKind, Planned
from mlci.records.metric import METRICS, Family
from mlci.records.outcome import Outcome
from mlci.records.policy import GatePolicy, GateSpec

ID = "fairness"
ALARM = "alarm"

By = tuple[str, ...]
Kept = GroupCounts | GroupErrors | GroupAnswers


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What is kept of each entry of ``by``; ``anchors`` the same with an older release in the
    champion's place, None where none is asked for or there."""

    groups: Mapping[By, Kept]
    anchors: Mapping[By, Kept] | None = None

    def __add__(self, other: "Measurement") -> "Measurement":
        """Of both shards' rows. Raises ValueError where they don't measure the same."""
        if (self.anchors is None) is not (other.anchors is None):
            raise ValueError("measurements with and without an anchor don't add up")
        anchors = None
        if self.anchors is not None and other.anchors is not None:
            anchors = each(self.anchors, other.anchors)
        return Measurement(groups=each(self.groups, other.groups), anchors=anchors)


HALVES = Halves(
    measurement=Measurement,
    judged=frozenset({"maximumDifference", "minimumRatio", "decision", "smallGroups", "champion"}),
)


def plan(spec: GateSpec, policy: GatePolicy, *, comparing: bool) -> tuple[Planned, ...]:
    """One judgement for each limit and each entry of ``by``; pairs stand in its details."""
    kinds = (LimitKind.MAXIMUM_DIFFERENCE, LimitKind.MINIMUM_RATIO)
    stated = limits(spec, policy, kinds, comparing=comparing)
    parts = [
        class_part(spec, ("+".join(column_id(column) for column in by), {"by": list(by)}))
        for by in (_by(entry) for entry in spec.parameters["by"])
    ]
    alarms = _decision(spec) == ALARM
    return tuple(
        replace(each, alarm=alarms and not each.limit.kind.compared)
        for each in judgements(spec, policy, stated, parts)
    )


def measure(spec: GateSpec, planned: tuple[Planned, ...], bench: Bench) -> Measurement:
    """Raises Broken for a class that the exam doesn't have, and for too many groups."""
    seen = _view(spec, bench.examination())
    entries = tuple(dict.fromkeys(_by(each.slice["by"]) for each in planned if each.slice))
    if (metric := spec.parameters["metric"]) not in METRICS:
        place = bench.candidate.release.model.uri
        whole = bench.examination()
        return Measurement(groups=gather_answers(installed(metric), whole, entries, place))
    groups = _groups(spec, seen, entries)
    version = anchor_of(spec)
    if version is None or version not in seen.anchors:
        return Measurement(groups=groups)
    return Measurement(groups=groups, anchors=_groups(spec, against(seen, version), entries))


def judge(
    spec: GateSpec, planned: tuple[Planned, ...], measurement: Measurement
) -> tuple[Judgement, ...]:
    return tuple(_judge(spec, each, measurement) for each in planned)


def _judge(spec: GateSpec, planned: Planned, measurement: Measurement) -> Judgement:
    every: Mapping[By, Kept] | None = measurement.groups
    if planned.limit.kind is LimitKind.ANCHOR:
        every = measurement.anchors
    if every is None:
        reason = f"version {anchor_of(spec)} was never HEALTHY here: there is nothing to compare"
        return Judgement(planned=planned, outcome=Outcome.ERROR, reason=reason)
    kept = every[_by((planned.slice or {})["by"])]
    small_groups = spec.parameters.get("smallGroups", "inconclusive")
    decision = _decision(spec)
    assure = decision == ASSURE
    if isinstance(kept, GroupAnswers):
        compared = compare_answers(planned, kept, assure=assure)
        return judge_pairs(planned, compared, decision=decision, small_groups=small_groups)
    if planned.limit.kind.compared:
        return judge_against_champion(planned, _against(kept, planned), small_groups=small_groups)
    if isinstance(kept, GroupErrors):
        compared = compare_errors(planned, kept, assure=assure)
    else:
        compared = compare_rates(planned, kept, assure=assure)
    return judge_pairs(planned, compared, decision=decision, small_groups=small_groups)


def _against(kept: GroupCounts | GroupErrors, planned: Planned) -> Against:
    if isinstance(kept, GroupErrors):
        return ErrorsAgainst(errors=kept)
    return RatesAgainst(counts=kept, metric=planned.metric)  # type: ignore[arg-type]


def _view(spec: GateSpec, examination: Examination) -> Examination:
    if not is_multiclass(examination):
        return examination
    if "class" in spec.parameters:
        return one_class(examination, spec.parameters["class"], f"gate {spec.name!r}: class")
    return right_or_wrong(examination)


def _groups(spec: GateSpec, seen: Examination, entries: tuple[By, ...]) -> Mapping[By, Kept]:
    metric = spec.parameters["metric"]
    if METRICS[metric].family is Family.VALUE:
        return gather_errors(metric, seen, entries)
    return count(seen, entries)


def _decision(spec: GateSpec) -> str:
    return str(spec.parameters.get("decision", ALARM))


def _by(entry: str | list[str] | tuple[str, ...]) -> By:
    return (entry,) if isinstance(entry, str) else tuple(entry)
