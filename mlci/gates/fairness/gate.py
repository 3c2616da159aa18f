"""The fairness gate: every pair of groups of each ``by`` entry, and the widest gap against the
champion's.

``alarm`` fails when a pair is shown beyond the limit after Holm; ``assure`` passes only when every
pair is shown within it. Pairs too small to show twice the limit are always named.
"""

from collections.abc import Mapping

from mlci.evaluation.tables import tabulate
from mlci.gates.fairness.champion import judge_against_champion
from mlci.gates.fairness.counts import GroupCounts
from mlci.gates.fairness.pairs import judge_pairs
from mlci.gates.planning import column_id, limits
from mlci.gates.planning import planned as judgements
from mlci.gates.protocol import Bench
from mlci.records.judgement import Judgement, LimitKind, Planned
from mlci.records.policy import GatePolicy, GateSpec

ID = "fairness"

By = tuple[str, ...]


def plan(spec: GateSpec, policy: GatePolicy, *, comparing: bool) -> tuple[Planned, ...]:
    """One judgement for each limit and each entry of ``by``; pairs stand in its details."""
    kinds = (LimitKind.MAXIMUM_DIFFERENCE, LimitKind.MINIMUM_RATIO)
    stated = limits(spec, policy, kinds, comparing=comparing)
    slices = [
        ("+".join(column_id(column) for column in by), {"by": list(by)})
        for by in (_by(entry) for entry in spec.parameters["by"])
    ]
    return judgements(spec, policy, stated, slices)


def measure(
    spec: GateSpec,  # noqa: ARG001 - what was planned names the columns
    planned: tuple[Planned, ...],
    bench: Bench,
) -> Mapping[By, GroupCounts]:
    """Counts the rows once, by all columns together; each entry of ``by`` is a sum over that."""
    entries = dict.fromkeys(_by(each.slice["by"]) for each in planned if each.slice)
    columns = tuple(dict.fromkeys(column for by in entries for column in by))
    table = tabulate(bench.examination(), columns)
    counts = {}
    for by in entries:
        marginal = table.by(by)
        counts[by] = GroupCounts(names=marginal.names, cells=marginal.counts)
    return counts


def judge(
    spec: GateSpec, planned: tuple[Planned, ...], measurement: Mapping[By, GroupCounts]
) -> tuple[Judgement, ...]:
    decision = spec.parameters.get("decision", "alarm")
    small_groups = spec.parameters.get("smallGroups", "inconclusive")
    return tuple(
        judge_against_champion(each, counts, small_groups=small_groups)
        if each.limit.kind is LimitKind.MARGIN
        else judge_pairs(each, counts, decision=decision, small_groups=small_groups)
        for each in planned
        for counts in [measurement[_by(each.slice["by"])]]  # type: ignore[index]
    )


def _by(entry: str | list[str] | tuple[str, ...]) -> By:
    return (entry,) if isinstance(entry, str) else tuple(entry)
