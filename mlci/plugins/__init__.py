"""What packages bring by entry points: metrics (``mlci.metrics``) and gates (``mlci.gates``).

Nothing is looked for until a policy names something that isn't built in, and nothing but what it
names is imported. What is brought is code that runs with mlci's own rights: whoever can install a
package decides verdicts.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlci.plugins.metric import PluginMetric

__all__ = ["PluginMetric"]


def __getattr__(name: str) -> Any:
    """PluginMetric, whose class is made when a package asks for it."""
    if name != "PluginMetric":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mlci.plugins.metric import PluginMetric

    return PluginMetric
