"""The load gate: latency and errors of the served model, against objectives and the champion."""

from mlci.gates.halves import Halves
from mlci.gates.load.feasibility import duration, feasible
from mlci.gates.load.judging import judge
from mlci.gates.load.measurement import LoadMeasurement
from mlci.gates.load.measuring import measure
from mlci.gates.load.planning import ID, plan

__all__ = ["HALVES", "ID", "duration", "feasible", "judge", "measure", "plan"]

HALVES = Halves(measurement=LoadMeasurement, by=None)
