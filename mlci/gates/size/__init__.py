"""The size gate: bytes of the model's file, memory and cold start of the served model."""

from mlci.gates.halves import Halves, Shared
from mlci.gates.size.judging import judge
from mlci.gates.size.measurement import SizeMeasurement
from mlci.gates.size.measuring import measure
from mlci.gates.size.planning import ID, plan

__all__ = ["HALVES", "ID", "judge", "measure", "plan"]

HALVES = Halves(measurement=SizeMeasurement, by=Shared.REPETITIONS)
