"""The data gate: whether the exam's data are fit to judge anything on."""

from mlci.gates.data.gate import GOES_FIRST, HALVES, ID, judge, measure, plan

__all__ = ["GOES_FIRST", "HALVES", "ID", "judge", "measure", "plan"]
