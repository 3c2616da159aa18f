"""What was found under an entry point, as mlci uses it."""

import math
import numbers
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from mlci.plugins.discovery import Plugin
from mlci.plugins.metric import PluginMetric
from mlci.records.metric import Direction, Family, Metric


@dataclass(frozen=True, kw_only=True)
class BroughtMetric:
    """A declaration, and the distribution that it comes from."""

    plugin: Plugin
    declared: PluginMetric

    @property
    def record(self) -> Metric:
        return Metric(
            name=self.plugin.name,
            tasks=self.declared.tasks,
            gates=self.declared.gates,
            direction=Direction(self.declared.direction),
            low=self.declared.low,
            high=self.declared.high,
            family=Family.BROUGHT,
            interval="quantiles of MetricFrame's bootstrap of rows",
        )

    def value(
        self, truth: NDArray[Any], answers: NDArray[Any], weight: NDArray[Any] | None
    ) -> float:
        """The metric of these rows, which the function may keep or change. Raises Broken for
        anything but a finite number within the declared range."""
        weights = {} if weight is None else {"sample_weight": weight}
        try:
            with warnings.catch_warnings(action="ignore"):
                found: object = self.declared.function(truth, answers, **weights)
        except (Exception, SystemExit) as error:
            raise self.plugin.broken(f"{type(error).__name__}: {error}", "a number") from error
        if isinstance(found, bool) or not isinstance(found, numbers.Real):
            raise self.plugin.broken(f"a {type(found).__name__}", "a number")
        number, low, high = float(found), self.declared.low, self.declared.high
        below, above = low is not None and number < low, high is not None and number > high
        if not math.isfinite(number) or below or above:
            raise self.plugin.broken(
                f"{number} of {len(truth)} rows",
                f"a finite number, from {'any' if low is None else low} to "
                f"{'any' if high is None else high}",
            )
        return number


@dataclass(frozen=True, kw_only=True)
class BroughtGate:
    """``gate`` is the object that the package brings, ``schema`` that of a whole entry of it."""

    plugin: Plugin
    gate: Any
    schema: Mapping[str, Any]
