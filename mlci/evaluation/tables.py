"""Contingency tables: all that rates, their differences and their resamples need of the rows.

A table is counted once, in one pass; the tables of single columns and of intersections are sums
over it. Tables of two shards add up to the table of the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.groups import MOST_LEVELS
from mlci.records.examination import Examination

CHUNK = 65_536
DENSE_CELLS = 1 << 20
OUTCOMES = 8  # truth, candidate, champion: two each


@dataclass(frozen=True, kw_only=True)
class Table:
    """``counts`` int64 [groups, truth, candidate, champion], the last three indexed 0 = negative,
    1 = positive. ``cells`` int32 [groups, columns] are codes into ``levels``, a tuple for each of
    ``columns``; only groups that have rows are listed, in the order of their codes. Without a
    champion all its answers count as negative.
    """

    columns: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    cells: NDArray[np.int32] = field(repr=False)
    counts: NDArray[np.int64] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Each group in words: ``"Female"``, ``"Female & Black"``; ``"all"`` without columns."""
        return _names(self.levels, self.cells)

    def by(self, columns: Sequence[str]) -> "Table":
        """The marginal table of some of the columns. Raises Broken above MOST_LEVELS groups."""
        at = [self.columns.index(column) for column in columns]
        cells, group = np.unique(self.cells[:, at], axis=0, return_inverse=True)
        _check_number(columns, len(cells))
        counts = np.zeros((len(cells), 2, 2, 2), np.int64)
        np.add.at(counts, group.reshape(-1), self.counts)
        return Table(
            columns=tuple(columns),
            levels=tuple(self.levels[each] for each in at),
            cells=cells.astype(np.int32),
            counts=counts,
        )


def tabulate(examination: Examination, columns: Sequence[str] = ()) -> Table:
    """Counts all rows once, by the groups of all ``columns`` together."""
    levels = tuple(examination.groups[column].levels for column in columns)
    sizes = [len(each) for each in levels]
    if np.prod([float(size) for size in sizes]) * OUTCOMES <= DENSE_CELLS:
        cells, counts = _dense(examination, columns, sizes)
    else:
        cells, counts = _sparse(examination, columns)
    return Table(columns=tuple(columns), levels=levels, cells=cells, counts=counts)


def _dense(
    examination: Examination, columns: Sequence[str], sizes: list[int]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Counts into the whole grid of groups; in chunks, so that codes stay in the cache."""
    groups = int(np.prod(sizes, dtype=np.int64))
    counts = np.zeros(groups * OUTCOMES, np.int64)
    for start in range(0, examination.rows, CHUNK):
        part = slice(start, start + CHUNK)
        code = np.zeros(len(examination.truth[part]), np.int32)
        for column, size in zip(columns, sizes, strict=True):
            code *= size
            code += examination.groups[column].codes[part]
        code *= OUTCOMES
        code += outcomes(examination, part)
        counts += np.bincount(code, minlength=counts.size)
    grid = counts.reshape(groups, 2, 2, 2)
    present = np.flatnonzero(grid.sum(axis=(1, 2, 3)))
    cells = np.stack(np.unravel_index(present, sizes), axis=1) if sizes else np.zeros((1, 0))
    return cells.astype(np.int32), grid[present]


def _sparse(
    examination: Examination, columns: Sequence[str]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The same where the grid would be too large: sorts the rows' codes instead."""
    codes = np.stack([examination.groups[column].codes for column in columns], axis=1)
    cells, group = np.unique(codes, axis=0, return_inverse=True)
    whole = slice(None)
    code = group.reshape(-1) * OUTCOMES + outcomes(examination, whole)
    counts = np.bincount(code, minlength=len(cells) * OUTCOMES)
    return cells.astype(np.int32), counts.reshape(-1, 2, 2, 2).astype(np.int64)


def outcomes(examination: Examination, part: slice) -> NDArray[np.uint8]:
    """The code 4 * truth + 2 * candidate + champion of each row."""
    code = examination.truth[part].astype(np.uint8)
    code *= 2
    code += examination.candidate.label[part].view(np.uint8)
    code *= 2
    if examination.champion is not None:
        code += examination.champion.label[part].view(np.uint8)
    return code


def group_codes(
    examination: Examination, columns: Sequence[str], cells: NDArray[np.int32]
) -> NDArray[np.intp]:
    """[n]: which of the groups ``cells`` [groups, columns], ascending, each row is in."""
    sizes = [len(examination.groups[column].levels) for column in columns]
    flat = np.ravel_multi_index(tuple(cells.T.astype(np.int64)), sizes)
    rows = [examination.groups[column].codes.astype(np.int64) for column in columns]
    return np.searchsorted(flat, np.ravel_multi_index(tuple(rows), sizes))


def tabulate_groups(
    examination: Examination, columns: Sequence[str]
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Names and ``cells`` [groups, columns] of the groups that have rows, ascending. Raises Broken
    above MOST_LEVELS groups."""
    groups = [examination.groups[column] for column in columns]
    sizes = [len(each.levels) for each in groups]
    rows = tuple(each.codes.astype(np.int64) for each in groups)
    present = np.unique(np.ravel_multi_index(rows, sizes))
    _check_number(columns, present.size)
    cells = np.stack(np.unravel_index(present, sizes), axis=1).astype(np.int32)
    return _names(tuple(each.levels for each in groups), cells), cells


def _names(levels: tuple[tuple[str, ...], ...], cells: NDArray[np.int32]) -> tuple[str, ...]:
    return tuple(
        " & ".join(levels[at][code] for at, code in enumerate(cell)) or "all" for cell in cells
    )


def _check_number(columns: Sequence[str], groups: int) -> None:
    if groups > MOST_LEVELS:
        raise Broken(
            place=f"columns {' and '.join(columns)}",
            found=f"{groups} groups",
            expected=f"at most {MOST_LEVELS}",
            next_step="group by fewer or coarser columns",
        )
