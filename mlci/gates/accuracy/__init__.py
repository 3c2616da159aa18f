"""The accuracy gate: one metric of the whole exam and of its slices."""

from mlci.gates.accuracy.gate import ID, judge, measure, plan

__all__ = ["ID", "judge", "measure", "plan"]
