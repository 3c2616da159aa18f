"""The metrics that policies may name: the built-in ones, and those that packages bring.

What is built in is found without an import of what finds the others.
"""

from functools import cache
from typing import TYPE_CHECKING

from mlci.errors import BadInput
from mlci.records.metric import METRICS, Metric

if TYPE_CHECKING:
    from mlci.plugins.brought import BroughtMetric

GROUP = "mlci.metrics"


def find(name: object) -> Metric | None:
    """The metric of this name; None where there is none. Raises Broken as ``brought`` does."""
    if not isinstance(name, str) or not name:
        return None
    if name in METRICS:
        return METRICS[name]
    found = brought(name)
    return None if found is None else found.record


def of(name: str) -> Metric:
    """As ``find``. Raises BadInput where there is none."""
    return METRICS[name] if name in METRICS else installed(name).record


def installed(name: str) -> "BroughtMetric":
    """As ``brought``. Raises BadInput where no package brings it."""
    metric = brought(name)
    if metric is None:
        raise BadInput(
            place=f"metric {name!r}",
            found="no such metric",
            expected="a built-in one, or one of an installed package",
            next_step="install the package that brings it (entry point mlci.metrics)",
        )
    return metric


@cache
def brought(name: str) -> "BroughtMetric | None":
    """The metric that a package brings under this name; None where none does. Raises Broken for one
    that can't be imported or isn't a PluginMetric, and as ``discovery.find`` does."""
    from mlci.plugins import discovery
    from mlci.plugins.brought import BroughtMetric
    from mlci.plugins.metric import PluginMetric

    plugin = discovery.find(GROUP, name, METRICS)
    if plugin is None:
        return None
    declared = plugin.load()
    if not isinstance(declared, PluginMetric):
        raise plugin.broken(
            f"{plugin.entry.value} is a {type(declared).__name__}", "an mlci.plugins.PluginMetric"
        )
    return BroughtMetric(plugin=plugin, declared=declared)
