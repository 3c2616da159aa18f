"""The fairness gate: one metric compared between every pair of groups."""

from mlci.gates.fairness.gate import HALVES, ID, judge, measure, plan

__all__ = ["HALVES", "ID", "judge", "measure", "plan"]
