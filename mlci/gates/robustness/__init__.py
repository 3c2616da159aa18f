"""The robustness gate: how many predictions flip when the rows change a little."""

from mlci.gates.halves import Halves
from mlci.gates.robustness.judging import judge
from mlci.gates.robustness.measurement import RobustnessMeasurement
from mlci.gates.robustness.measuring import measure
from mlci.gates.robustness.planning import ID, plan

__all__ = ["HALVES", "ID", "judge", "measure", "plan"]

HALVES = Halves(measurement=RobustnessMeasurement, judged=frozenset({"maximum", "champion"}))
