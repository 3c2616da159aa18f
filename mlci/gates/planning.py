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
    return tuple(stated)


def planned(
    spec: GateSpec, policy: GatePolicy, stated: Iterable[Limit], slices: Sequence[Slice]
) -> tuple[Planned, ...]:
    """One judgement for each limit and slice; ``None`` among the slices is the whole exam."""
    metric = spec.parameters["metric"]
    return tuple(
        Planned(
            id="/".join(
                [policy.name, spec.name, metric, limit.kind.value, *([each[0]] if each else [])]
            ),
            policy=policy.name,
            gate=spec.name,
            metric=metric,
            limit=limit,
            required=spec.required,
            confidence=spec.confidence,
            slice=each[1] if each else None,
            gate_index=spec.index,
        )
        for each in slices
        for limit in stated
    )


def column_id(column: str) -> str:
    """A column's name as a part of an id: ASCII, without ``/`` and ``+``."""
    return quote(column, safe="")
