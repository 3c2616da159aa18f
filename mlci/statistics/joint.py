"""Truth and the predictions of one or two models, counted together; cells that occur only."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlci.statistics.sums import Floats, Sums, of_cells, of_counts

# Up to so many possible cells a count over all of them is cheaper than a sort of the rows.
_COUNTABLE = 1 << 22
_STRETCH = 1 << 16  # rows, as many as the processor's cache holds

Codes = NDArray[np.integer[Any]]


@dataclass(frozen=True, kw_only=True)
class Joint:
    """``cells`` int64 [m]: codes (truth * k + candidate) * k + champion of the cells that occur,
    ascending; without a champion, truth * k + candidate. ``sums`` are over these m cells.

    Tables of disjoint sets of units add up; their cells are united.
    """

    classes: int
    paired: bool
    cells: NDArray[np.int64] = field(repr=False)
    sums: Sums = field(repr=False)

    @property
    def columns(self) -> tuple[NDArray[np.int64], ...]:
        """truth, candidate and, where paired, champion of each cell: int64 [m] each."""
        k = self.classes
        last = self.cells % k
        if not self.paired:
            return self.cells // k, last
        return self.cells // (k * k), self.cells // k % k, last

    def table(self, model: int = 0) -> Floats:
        """[k, k]: truth and prediction of the candidate (0) or the champion (1)."""
        k = self.classes
        code = self.columns[0] * k + self.columns[1 + model]
        counts = np.bincount(code, weights=self.sums.values, minlength=k * k)
        return np.asarray(counts.reshape(k, k), float)

    def __add__(self, other: "Joint") -> "Joint":
        if (self.classes, self.paired) != (other.classes, other.paired):
            raise ValueError("tables of other classes or models don't add up")
        cells = np.union1d(self.cells, other.cells)
        own, theirs = (
            each.sums.placed(np.searchsorted(cells, each.cells), cells.size)
            for each in (self, other)
        )
        return replace(self, cells=cells, sums=own + theirs)


def tabulate(
    truth: Codes,
    candidate: Codes,
    champion: Codes | None = None,
    *,
    classes: int,
    weight: ArrayLike | None = None,
    cluster: Codes | None = None,
) -> Joint:
    """Counts rows by their codes [n], each in 0 .. classes - 1. ValueError for other codes."""
    given = [np.asarray(each) for each in (truth, candidate, champion) if each is not None]
    for column in given:
        if column.size and not 0 <= int(column.min()) <= int(column.max()) < classes:
            raise ValueError(f"a code is not in 0 .. {classes - 1}")
    size = classes ** len(given)
    if size > _COUNTABLE:
        cells, index = np.unique(_codes(given, classes), return_inverse=True)
        sums = of_cells(index, cells.size, weight=weight, cluster=cluster)
    else:
        counts = _counts(given, classes, size)
        cells = np.flatnonzero(counts).astype(np.int64)
        sums = of_counts(counts[cells])
        if weight is not None or cluster is not None:
            places = np.zeros(size, np.int64)
            places[cells] = np.arange(cells.size)
            index = places[_codes(given, classes)]
            sums = of_cells(index, cells.size, weight=weight, cluster=cluster)
    return Joint(classes=classes, paired=champion is not None, cells=cells, sums=sums)


def _counts(columns: list[Codes], classes: int, size: int) -> NDArray[np.int64]:
    """[size]: how many rows have each code."""
    counts = np.zeros(size, np.int64)
    length = max(_STRETCH, size)
    for start in range(0, len(columns[0]), length):
        part = [column[start : start + length] for column in columns]
        counts += np.bincount(_codes(part, classes), minlength=size)
    return counts


def _codes(columns: list[Codes], classes: int) -> NDArray[np.int64]:
    code = columns[0].astype(np.int64)
    for column in columns[1:]:
        code *= classes
        code += column
    return code
