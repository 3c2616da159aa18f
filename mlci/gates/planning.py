"""The planned judgements of a gate that holds one metric against limits, slice by slice."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from mlci.errors import BadInput
from mlci.records.judgement import Limit, LimitKind, Planned
from mlci.records.policy import GatePolicy, GateSpec

Slice = tuple[str, Mapping[str, Any]] | None


def limits(
    spec: GateSpec, policy: GatePolicy, kinds: Sequence[LimitKind], *, comparing: bool
) -> tuple[Limit, ...]:
    """The limits that the gate states, a margin only when ``comparing``.

    Raises BadInput when it states none at all: such a gate would judge nothing.
    """
    stated = [
        Limit(kind=kind, value=float(spec.parameters[kind.value]))
        for kind in kinds
        if kind.value in spec.parameters
    ]
    champion = spec.parameters.get("champion")
    if not stated and champion is None:
        raise BadInput(
            place=policy.source.at("spec", "gates", spec.index),
            found=f"a {spec.gate} gate without a limit",
            expected=" or ".join([*(kind.value for kind in kinds), "champion"]),
            next_step="say what the metric must keep",
        )
    if champion is not None and comparing:
        stated.append(Limit(kind=LimitKind.MARGIN, value=float(champion["margin"])))
        if "anchor" in champion:
            stated.append(Limit(kind=LimitKind.ANCHOR, value=float(champion["anchor"]["margin"])))
    return tuple(stated)


def planned(
    spec: GateSpec, policy: GatePolicy, stated: Iterable[Limit], slices: Sequence[Slice]
) -> tuple[Planned, ...]:
    """One judgement for each limit and slice; ``None`` among the slices is the whole exam."""
    metric = spec.parameters["metric"]
    return tuple(
        judgement(spec, policy, metric, limit, each) for each in slices for limit in stated
    )


def judgement(
    spec: GateSpec, policy: GatePolicy, metric: str, limit: Limit, part: Slice = None
) -> Planned:
    """One judgement of the gate on a metric; ``part`` says of what, None of all there is."""
    named = [policy.name, spec.name, metric, limit.kind.value, *([part[0]] if part else [])]
    return Planned(
        id="/".join(named),
        policy=policy.name,
        gate=spec.name,
        metric=metric,
        limit=limit,
        required=spec.required,
        confidence=spec.confidence,
        slice=part[1] if part else None,
        gate_index=spec.index,
    )


def class_part(spec: GateSpec, part: Slice) -> Slice:
    """The part of the exam, said of one class where the policy names one."""
    if "class" not in spec.parameters:
        return part
    name = spec.parameters["class"]
    text = f"class:{column_id(str(name))}"
    if part is None:
        return text, {"class": name}
    return f"{text}/{part[0]}", {"class": name, **part[1]}


def column_id(column: str) -> str:
    """A column's name as a part of an id: ASCII, without ``/`` and ``+``."""
    return quote(column, safe="")
