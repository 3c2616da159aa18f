"""Which distributions the gates of a policy come from."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from mlci.plugins import gates, metrics
from mlci.plugins.brought import BroughtMetric
from mlci.plugins.discovery import Plugin
from mlci.records.metric import METRICS
from mlci.records.policy import GateSpec

_RESAMPLING = ("fairlearn", "pandas")


def used(specs: Iterable[GateSpec]) -> dict[str, str]:
    """Name -> version of the distributions behind plug-ins that the entries name, and, where a
    metric is one of them, of what resamples it. Empty where all is built in."""
    every = list(specs)
    found: dict[str, str] = {}
    for spec in every:
        for plugin in _plugins(spec):
            found[plugin.distribution] = plugin.version
    if any(_metric(spec) is not None for spec in every):
        found |= {name: _version(name) for name in _RESAMPLING}
    return found


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"


def _plugins(spec: GateSpec) -> Iterable[Plugin]:
    if spec.gate not in gates.built_in() and (gate := gates.brought(spec.gate)) is not None:
        yield gate.plugin
    elif (metric := _metric(spec)) is not None:
        yield metric.plugin


def _metric(spec: GateSpec) -> BroughtMetric | None:
    """Only gates that mlci has read ``metric`` as the name of one."""
    name = spec.parameters.get("metric")
    if spec.gate not in gates.built_in() or not isinstance(name, str) or name in METRICS:
        return None
    return metrics.brought(name)
