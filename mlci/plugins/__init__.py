"""What packages bring by entry points: metrics (``mlci.metrics``) and gates (``mlci.gates``).

Nothing is looked for until a policy names something that isn't built in, and nothing but what it
names is imported. What is brought is code that runs with mlci's own rights: whoever can install a
package decides verdicts.
"""

from mlci.plugins.metric import PluginMetric

__all__ = ["PluginMetric"]
