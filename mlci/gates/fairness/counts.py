"""Rates of groups as counts: what a metric counts, among which rows."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlci.statistics.fairness_gap import Metric, paired_table


@dataclass(frozen=True, kw_only=True)
class GroupCounts:
    """``names`` of the groups, and their joint tables int64 [groups, truth, candidate, champion].

    Sums over shards are the counts of the whole.
    """

    names: tuple[str, ...]
    cells: NDArray[np.int64] = field(repr=False)

    def paired(self, metric: Metric) -> NDArray[np.int64]:
        """[groups, candidate counts, champion counts] among the rows that the metric looks at."""
        return paired_table(self.cells, metric)

    def rates(self, metric: Metric) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The candidate's successes and totals of each group, fairlearn's numerators and
        denominators."""
        table = self.paired(metric)
        return table[:, 1].sum(axis=1), table.sum(axis=(1, 2))

    def without(self, dropped: NDArray[np.bool_]) -> "GroupCounts":
        return GroupCounts(
            names=tuple(name for name, out in zip(self.names, dropped, strict=True) if not out),
            cells=self.cells[~dropped],
        )
