"""Which policies hold for a release, and the judgements that must arrive before it may run."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from mlci.errors import BadInput, Undecided
from mlci.records.grouping import Grouping, slice_grouping
from mlci.records.judgement import LimitKind, Planned
from mlci.records.policy import GatePolicy, GateSpec
from mlci.records.release import Release

OFF_EXAM = frozenset({"data", "load", "size"})  # gates that don't judge the exam's answers


class Planner(Protocol):
    """The half of a gate that plans; every gate in ``mlci.gates`` is one."""

    def plan(
        self, spec: GateSpec, policy: GatePolicy, *, comparing: bool
    ) -> tuple[Planned, ...]: ...


def applicable(policies: Iterable[GatePolicy], release: Release) -> tuple[GatePolicy, ...]:
    """The policies that name this environment and this model; all of them must hold.

    Raises BadInput when none does, or when one of them doesn't permit the release's exam.
    """
    every = tuple(policies)
    found = tuple(
        policy for policy in every if policy.applies_to(release.name, release.environment)
    )
    if not found:
        raise BadInput(
            place=release.source.at("metadata"),
            found=f"no policy for model {release.name!r} in {release.environment!r}",
            expected=f"one of {len(every)} policies to apply to it",
            next_step="add model and environment to a policy's appliesTo at the protected ref",
        )
    for policy in found:
        if policy.evaluations is not None and release.evaluation not in policy.evaluations:
            raise BadInput(
                place=release.source.at("spec", "evaluation"),
                found=f"evaluation {release.evaluation!r}",
                expected=f"one that policy {policy.name!r} permits: "
                + (", ".join(policy.evaluations) or "none"),
                next_step="name a permitted evaluation set",
            )
    return found


def comparable(release: Release, champion: Release | None) -> bool:
    """Whether candidate and champion are two models: only then is one compared with the other."""
    return champion is not None and champion.model.digest != release.model.digest


def plan(
    policies: Sequence[GatePolicy],
    release: Release,
    *,
    comparing: bool,
    gate: Callable[[str], Planner],
) -> tuple[Planned, ...]:
    """The judgements of all gates of ``policies``, in their order. ``gate`` finds a gate by id.

    Raises BadInput for two judgements of one id, and Undecided when no required judgement is
    left: where nothing is compared (a first release, or the champion's own model), a policy
    needs an absolute limit.
    """
    planned: list[Planned] = []
    seen: set[str] = set()
    for policy in policies:
        for spec in policy.gates:
            for each in gate(spec.gate).plan(spec, policy, comparing=comparing):
                if each.of_training and release.training_data is None:
                    continue
                if each.id in seen:
                    raise _twice(policy, spec, each)
                seen.add(each.id)
                confidence = _confidence(policy, spec, each)
                planned.append(replace(each, place=_place(policy, each), confidence=confidence))
    if not any(each.required for each in planned):
        raise Undecided(
            place=" and ".join(policy.source.path for policy in policies),
            found=f"no required judgement for {release.path}"
            + ("" if comparing else ", which is compared with no other model"),
            expected="at least one gate with an absolute limit and required: true",
            next_step="add a minimum, a maximum or an objective to a gate of the policy",
        )
    return tuple(planned)


def groupings(planned: Iterable[Planned]) -> tuple[Grouping, ...]:
    """What the planned judgements group rows by, each once, in their order."""
    found: dict[Grouping, None] = {}
    for each in planned:
        if each.slice is not None:
            found |= {Grouping(column=column): None for column in each.slice.get("by", ())}
            if "column" in each.slice:
                found[slice_grouping(each.slice)] = None
    return tuple(found)


def _confidence(policy: GatePolicy, spec: GateSpec, planned: Planned) -> float:
    """That of each of the runs that share one error. An alarm keeps its own: a smaller error would
    make it pass more easily."""
    if not policy.exam.shared_error or planned.alarm or spec.gate in OFF_EXAM:
        return planned.confidence
    return 1.0 - (1.0 - planned.confidence) / (policy.exam.maximum_runs or 1)


def _place(policy: GatePolicy, planned: Planned) -> str:
    """Where the policy states the limit; where it doesn't, the nearest thing around it."""
    kind, metric = planned.limit.kind, planned.metric
    keys: dict[LimitKind, tuple[str, ...]] = {
        LimitKind.MARGIN: ("champion", "margin"),
        LimitKind.ANCHOR: ("champion", "anchor", "margin"),
        LimitKind.MAXIMUM_RATIO: ("champion", "maximumRatio", metric),
        LimitKind.OBJECTIVE: ("objectives", metric),
    }
    return policy.source.at("spec", "gates", planned.gate_index, *keys.get(kind, (kind.value,)))


def _twice(policy: GatePolicy, spec: GateSpec, planned: Planned) -> BadInput:
    return BadInput(
        place=policy.source.at("spec", "gates", spec.index),
        found=f"a second judgement {planned.id!r}",
        expected="one judgement for each gate, metric, limit and slice",
        next_step="give one of the gates a `name` of its own",
    )
