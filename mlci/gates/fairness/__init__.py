"""The fairness gate: one metric compared between every pair of groups."""

from mlci.gates.fairness.gate import ID, judge, measure, plan

__all__ = ["ID", "judge", "measure", "plan"]
