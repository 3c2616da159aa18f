"""Rates of groups as counts: what a metric counts, among which rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mlci.evaluation.tables import OUTCOMES, group_codes, outcomes, tabulate
from mlci.gates.fairness.union import Union, united
from mlci.gates.parts.merging import both
from mlci.records.examination import Examination
from mlci.statistics.fairness_gap import Metric, paired_table
from mlci.statistics.shrunk import PairedRates, Rates, paired_rates, rates
from mlci.statistics.sums import Sums, of_cells


@dataclass(frozen=True, kw_only=True)
class GroupCounts:
    """``names`` of the ``groups`` (codes, as ``Grouped`` has them), and their joint tables int64
    [groups, truth, candidate, champion].

    ``sums``, over the same cells in their order, say what the rows are worth; None where each
    counts once and is independent. Counts of shards add up to those of the whole.
    """

    names: tuple[str, ...]
    groups: NDArray[np.int32] = field(repr=False)
    cells: NDArray[np.int64] = field(repr=False)
    sums: Sums | None = None

    def paired(self, metric: Metric) -> NDArray[np.int64]:
        """Rows [groups, candidate counts, champion counts] that the metric looks at."""
        return paired_table(self.cells, metric)

    def rates(self, metric: Metric) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The candidate's successes and totals of each group, in rows: without weights fairlearn's
        numerators and denominators."""
        table = self.paired(metric)
        return table[:, 1].sum(axis=1), table.sum(axis=(1, 2))

    def effective_rates(self, metric: Metric, confidence: float) -> Rates:
        """The same as independent rows of equal weight that would tell as much."""
        if self.sums is None:
            successes, totals = (each.astype(float) for each in self.rates(metric))
            return Rates(successes=successes, totals=totals, correlation=None)
        candidate, _, among = self._masks(metric)
        return rates(self.sums, candidate, among, confidence)

    def effective_pairs(self, metric: Metric, confidence: float) -> PairedRates:
        """``paired`` in such rows."""
        if self.sums is None:
            return PairedRates(tables=self.paired(metric).astype(float), correlation=None)
        candidate, champion, among = self._masks(metric)
        return paired_rates(self.sums, candidate, champion, among, confidence)

    def without(self, dropped: NDArray[np.bool_]) -> "GroupCounts":
        kept = np.flatnonzero(~dropped)
        places = (kept[:, None] * OUTCOMES + np.arange(OUTCOMES)).ravel()
        return GroupCounts(
            names=tuple(self.names[at] for at in kept),
            groups=self.groups[kept],
            cells=self.cells[kept],
            sums=None if self.sums is None else _only(self.sums, places),
        )

    def __add__(self, other: "GroupCounts") -> "GroupCounts":
        union = united(self, other)
        left, right = self._among(union, union.one), other._among(union, union.other)
        return replace(left, cells=left.cells + right.cells, sums=both(left.sums, right.sums))

    def _among(self, union: Union, at: NDArray[np.intp]) -> "GroupCounts":
        """Over more groups, of which the others have no rows."""
        cells = np.zeros((len(union.names), *self.cells.shape[1:]), np.int64)
        cells[at] = self.cells
        sums = self.sums
        if sums is not None:
            places = (at[:, None] * OUTCOMES + np.arange(OUTCOMES)).ravel()
            sums = sums.placed(places, len(union.names) * OUTCOMES)
        return GroupCounts(names=union.names, groups=union.groups, cells=cells, sums=sums)

    def _masks(self, metric: Metric) -> tuple[NDArray[np.bool_], ...]:
        """bool [groups, cells]: where the candidate and the champion succeed, and what is looked
        at."""
        truth, candidate, champion = np.indices((2, 2, 2)).astype(np.bool_)
        looked = {
            "true_positive_rate": truth,
            "false_negative_rate": truth,
            "false_positive_rate": ~truth,
        }.get(metric, np.ones_like(truth))

        def hits(label: NDArray[np.bool_]) -> NDArray[np.bool_]:
            if metric == "accuracy":
                return np.asarray(label == truth)
            return np.asarray(~label if metric == "false_negative_rate" else label)

        each = (hits(candidate) & looked, hits(champion) & looked, looked)
        own = np.eye(len(self.names), dtype=np.bool_)
        return tuple(np.kron(own, mask.ravel()[None]) for mask in each)


def count(examination: Examination, entries: Sequence[tuple[str, ...]]) -> dict[Any, GroupCounts]:
    """By each entry's columns together. Rows that count once and are independent are counted once
    for all entries; each entry is a sum over that."""
    columns = tuple(dict.fromkeys(column for by in entries for column in by))
    table = tabulate(examination, columns)
    found = {}
    for by in entries:
        marginal = table.by(by)
        found[by] = GroupCounts(
            names=marginal.names,
            groups=marginal.cells,
            cells=marginal.counts,
            sums=None if examination.simple else _sums(examination, by, marginal.cells),
        )
    return found


def _sums(examination: Examination, by: tuple[str, ...], cells: NDArray[np.int32]) -> Sums:
    group = group_codes(examination, by, cells)
    return of_cells(
        group * OUTCOMES + outcomes(examination, slice(None)),
        len(cells) * OUTCOMES,
        weight=examination.weight,
        cluster=examination.cluster,
    )


def _only(sums: Sums, places: NDArray[np.intp]) -> Sums:
    """Of these cells alone; the rows of the others no longer count."""
    into = _selector(places, sums.values.size).T.tocsr()
    share = float(sums.values[places].sum() / sums.values.sum())
    return Sums(
        values=into @ sums.values,
        cross=csr_array(into @ csr_array(sums.cross) @ into.T),
        cubes=into @ sums.cubes,
        rows=round(sums.rows * share),
        clusters=sums.clusters,
        weighted=sums.weighted,
    )


def _selector(places: NDArray[np.intp], size: int) -> Any:
    """[size, places]: puts the k-th of the places' cells where it belongs."""
    shape = (size, places.size)
    return csr_array((np.ones(places.size), (places, np.arange(places.size))), shape=shape)
