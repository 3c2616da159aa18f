"""Columns that rows are grouped by, as codes: by value, or by bins of numbers."""

import itertools
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.columns import Codes, distinct, looked_up, smallest
from mlci.evaluation.dataset import Dataset
from mlci.records.evaluation_set import Scalar
from mlci.records.examination import Groups
from mlci.records.grouping import Grouping

NULL = "(null)"
MOST_LEVELS = 1_000


def read_groups(dataset: Dataset, groupings: Iterable[Grouping]) -> dict[str, Groups]:
    """By the keys of the groupings; an empty value is a level of its own, named ``(null)``.

    Raises Broken when a column is missing or nested, has more than MOST_LEVELS values, or is to be
    binned and holds no numbers.
    """
    wanted = tuple(groupings)
    for each in wanted:
        dataset.require(each.column, "a column that a policy groups rows by")
        kind = dataset.type_of(each.column)
        if pa.types.is_nested(kind):
            raise _ungrouped(dataset, each.column, f"values of type {kind}")
        if each.bins and not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise _ungrouped(dataset, each.column, f"values of type {kind}", "numbers to be binned")
    by_value = [each.column for each in wanted if not each.bins]
    found = _levels(dataset, by_value)
    return {
        each.key: _binned(dataset, each) if each.bins else found[each.column] for each in wanted
    }


def _levels(dataset: Dataset, columns: list[str]) -> dict[str, Groups]:
    """One pass over the columns."""
    seen: dict[str, dict[Scalar | None, int]] = {column: {} for column in columns}
    parts: dict[str, list[tuple[Codes, NDArray[np.int32]]]] = {column: [] for column in columns}
    for batch in dataset.coded(columns) if columns else ():
        for column in columns:
            codes, values = distinct(batch[column])
            known = seen[column]
            if len(values) > MOST_LEVELS + 1:
                raise _ungrouped(dataset, column, f"more than {MOST_LEVELS} different values")
            numbered = [known.setdefault(_one_nan(value), len(known)) for value in values]
            if len(known) > MOST_LEVELS:
                raise _ungrouped(dataset, column, f"more than {MOST_LEVELS} different values")
            parts[column].append((codes, np.array(numbered, np.int32)))
    return {column: _sorted(parts[column], seen[column]) for column in columns}


def _binned(dataset: Dataset, grouping: Grouping) -> Groups:
    edges = np.asarray(grouping.bins)
    names = [f"< {edges[0]:g}"]
    names += [f"{low:g} .. {high:g}" for low, high in itertools.pairwise(edges)]
    names += [f">= {edges[-1]:g}", NULL]
    parts = []
    for batch in dataset.batches([grouping.column]):
        numbers = batch[grouping.column].cast(pa.float64(), safe=False)
        values = numbers.to_numpy(zero_copy_only=False)
        codes = np.searchsorted(edges, values, side="right").astype(smallest(len(names)))
        codes[np.isnan(values)] = len(names) - 1
        parts.append(codes)
    codes = np.concatenate(parts)
    present = np.flatnonzero(np.bincount(codes, minlength=len(names)))
    rank = np.zeros(len(names), codes.dtype)
    rank[present] = np.arange(present.size)
    return Groups(codes=rank[codes], levels=tuple(names[at] for at in present))


def _sorted(
    parts: list[tuple[Codes, NDArray[np.int32]]], known: dict[Scalar | None, int]
) -> Groups:
    """Levels in the order of their values, so that the order of the rows doesn't matter."""
    values = sorted(known, key=_order)
    rank = np.empty(len(known), smallest(len(known)))
    rank[[known[value] for value in values]] = np.arange(len(known))
    codes = looked_up([(each, rank[numbered]) for each, numbered in parts])
    return Groups(codes=codes, levels=tuple(_text(value) for value in values))


def _one_nan(value: Scalar | None) -> Scalar | None:
    return "nan" if isinstance(value, float) and value != value else value


def _order(value: Scalar | None) -> tuple[bool, bool, float, str]:
    number = isinstance(value, int | float)
    return value is None, not number, float(value) if number else 0.0, str(value)  # type: ignore[arg-type]


def _text(value: Scalar | None) -> str:
    if value is None:
        return NULL
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ungrouped(
    dataset: Dataset,
    column: str,
    found: str,
    expected: str = "a column that sorts the rows into few groups",
) -> Broken:
    return Broken(
        place=f"{dataset.place}: column {column!r}",
        found=found,
        expected=expected,
        next_step="group by a coarser column, or by bins: {column: age, bins: [30, 50]}",
    )
