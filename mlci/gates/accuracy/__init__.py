"""The accuracy gate: one metric of the whole exam and of its slices."""

from mlci.gates.accuracy.gate import HALVES, ID, judge, measure, plan

__all__ = ["HALVES", "ID", "judge", "measure", "plan"]
