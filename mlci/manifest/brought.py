"""The schema of policies with the metrics and gates that installed packages bring."""

from collections.abc import Mapping
from typing import Any

from mlci import schemas
from mlci.errors import Broken
from mlci.manifest.document import mappings
from mlci.plugins import gates, metrics
from mlci.plugins.brought import BroughtGate
from mlci.records.metric import Family, Metric
from mlci.records.source import Source

POLICY = "gate-policy"


def with_plugins(source: Source, value: Any) -> str | Mapping[str, Any]:
    """The policy's schema, in which each plug-in that the policy names is as good as built in; the
    schema's name where it names none.

    Raises Broken, at the name's place, for one that can't be imported or doesn't hold what it
    promises.
    """
    brought: dict[str, BroughtGate] = {}
    admitted: dict[str, set[str]] = {}
    for index, entry in mappings(value, "spec", "gates"):
        name, metric = entry.get("gate"), entry.get("metric")
        try:
            if name in gates.built_in():
                if (found := metrics.find(metric)) is not None:
                    _note(found, str(name), admitted)
            elif isinstance(name, str) and (gate := gates.brought(name)) is not None:
                brought[name] = gate
        except Broken as error:
            key = "metric" if name in gates.built_in() else "gate"
            raise _placed(error, source.at("spec", "gates", index, key)) from error
    return _extended(brought, admitted) if brought or admitted else POLICY


def _note(metric: Metric, gate: str, admitted: dict[str, set[str]]) -> None:
    """A metric that is there needs no package, whether or not this gate takes it."""
    if gate not in metric.gates:
        admitted.setdefault(gate, set())
    elif metric.family is Family.BROUGHT:
        admitted.setdefault(gate, set()).add(metric.name)


def _extended(
    brought: Mapping[str, BroughtGate], admitted: Mapping[str, set[str]]
) -> dict[str, Any]:
    schema = schemas.flat(POLICY)
    entry = schema["properties"]["spec"]["properties"]["gates"]["items"]
    for branch in entry["allOf"]:
        name = branch["if"]["properties"]["gate"]["const"]
        if name in admitted:
            metric = branch["then"]["properties"].get("metric", {"enum": []})
            metric["enum"] += sorted(admitted[name])
            metric.pop("description", None)
    for name, gate in brought.items():
        condition = {"properties": {"gate": {"const": name}}, "required": ["gate"]}
        entry["allOf"].append({"if": condition, "then": gate.schema})
        entry["properties"]["gate"]["enum"].append(name)
    return schema


def _placed(error: Broken, place: str) -> Broken:
    return Broken(
        place=place,
        found=f"{error.place}: {error.found}",
        expected=error.expected,
        next_step=error.next_step,
    )
