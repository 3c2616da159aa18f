"""Whether the counters of a canary and of stable are two: a selector that matches both releases
compares one with itself, and nothing would ever be worse."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlci.errors import BadInput
from mlci.manifest.problems import problem
from mlci.manifest.yaml import Keys
from mlci.records.argo import Argo
from mlci.records.prometheus import placeholders
from mlci.records.source import Source

_IN_PODS = ("triton", "mlci")
_EXPECTED = "$hash in it, or $service and engine.argo.routing"


def check_counted(
    source: Source, keys: Keys, said: Mapping[str, Any], argo: Argo
) -> Iterator[BadInput]:
    """What of ``engine.argo.prometheus``, which ``keys`` lead to and which is ``said``, can't tell
    the arms of a canary apart."""
    routed = argo.gateway is not None
    if "requests" not in said and argo.source not in _IN_PODS and not routed:
        found = f"counters of {argo.source}, and one Service for both releases"
        expected = "engine.argo.routing, or counters of pods"
        yield problem(source, (*keys, "source"), found, expected)
    for path, query in _own(said):
        known = placeholders(query)
        if "hash" in known or ("service" in known and routed):
            continue
        if "service" in known:
            found = "$service, which without routing is one for both releases"
        else:
            found = "neither $hash nor $service, so that it counts both releases alike"
        yield problem(source, (*keys, *path), found, _EXPECTED)


def _own(said: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    for index, each in enumerate(said.get("requests", ())):
        yield ("requests", index, "query"), each["query"]
    for key in ("buckets", "active"):
        if key in said:
            yield (key,), said[key]
