"""Groups of rows for a metric that a package brings, and their values compared pair by pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.evaluation.tables import group_codes, tabulate_groups
from mlci.gates.brought.estimates import Estimates, estimates
from mlci.gates.brought.evidence import ALL, Answered, answered
from mlci.gates.brought.pairs import bounded_pairs
from mlci.gates.decision import detectable, needed
from mlci.gates.fairness.compared import Compared
from mlci.gates.fairness.union import united
from mlci.gates.found import Estimate
from mlci.plugins.brought import BroughtMetric
from mlci.plugins.metrics import installed
from mlci.records.examination import Examination
from mlci.records.judgement import LimitKind, Planned
from mlci.statistics.fairness import Pair
from mlci.statistics.nobounds import NoBounds


@dataclass(frozen=True, kw_only=True)
class GroupAnswers:
    """All rows, and which of ``names`` each is of: ``codes`` int64 [n]. ``groups`` as ``Grouped``
    has them."""

    names: tuple[str, ...]
    groups: NDArray[np.int32] = field(repr=False)
    codes: NDArray[np.int64] = field(repr=False)
    answered: Answered

    def levels(self) -> dict[str, Answered]:
        return {
            name: self.answered.only(self.codes == code) for code, name in enumerate(self.names)
        }

    def __add__(self, other: "GroupAnswers") -> "GroupAnswers":
        union = united(self, other)
        return GroupAnswers(
            names=union.names,
            groups=union.groups,
            codes=np.concatenate([union.one[self.codes], union.other[other.codes]]),
            answered=self.answered + other.answered,
        )


def gather_answers(
    metric: BroughtMetric, examination: Examination, entries: Sequence[tuple[str, ...]], place: str
) -> dict[Any, GroupAnswers]:
    """By each entry's columns together. Raises Broken as ``answered`` does, and above the most
    groups that are compared."""
    rows = answered(metric, examination, ALL, place)
    found = {}
    for by in entries:
        names, cells = tabulate_groups(examination, by)
        codes = group_codes(examination, by, cells).astype(np.int64)
        found[by] = GroupAnswers(names=names, groups=cells, codes=codes, answered=rows)
    return found


def compare_answers(planned: Planned, groups: GroupAnswers, *, assure: bool) -> Compared:
    """Every pair of the candidate's groups; all are resampled at once. ValueError for another limit
    than a largest difference."""
    if planned.limit.kind is not LimitKind.MAXIMUM_DIFFERENCE:
        raise ValueError(f"{planned.limit.kind} of {planned.metric}, which a package brings")
    levels = groups.levels()
    values = estimates(installed(planned.metric), levels, compared=False)
    n = groups.answered.rows
    pairs = bounded_pairs(
        [values[name] for name in groups.names],
        limit=planned.limit.value,
        confidence=planned.confidence,
        assure=assure,
    )

    def shown(widest: Pair) -> float | None:
        if widest.estimate is None or widest.upper is None:
            return None
        return detectable(widest.estimate, (widest.lower, widest.upper), widest.confidence)

    def gap(widest: Pair) -> float | None:
        reach = shown(widest)
        return None if reach is None else planned.limit.value + reach

    return Compared(
        names=groups.names,
        n=n,
        pairs=pairs,
        groups=[
            {"group": name, "n": levels[name].rows, **_row(values, name, planned.confidence)}
            for name in groups.names
        ],
        detectable=gap,
        needed=lambda widest: needed(
            n, shown(widest), abs((widest.estimate or 0.0) - planned.limit.value)
        ),
    )


def _row(values: Estimates, name: str, confidence: float) -> Mapping[str, Any]:
    """A group's value with its bounds by itself, or why there is none; for display."""
    found = values[name]
    if not isinstance(found, Estimate):
        return {"rate": None, "interval": None, "reason": found.reason}
    try:
        return {"rate": found.value, "interval": list(found.bounds(confidence))}
    except NoBounds as why:
        return {"rate": None, "interval": None, "reason": str(why)}
