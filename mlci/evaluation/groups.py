"""Columns that rows are grouped by, as codes."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from mlci.errors import Broken
from mlci.evaluation.dataset import Dataset
from mlci.evaluation.labels import distinct
from mlci.records.evaluation_set import Scalar
from mlci.records.examination import Groups

NULL = "(null)"
MOST_LEVELS = 1_000


def read_groups(dataset: Dataset, columns: Sequence[str]) -> dict[str, Groups]:
    """One pass over the columns; an empty value is a level of its own, named ``(null)``.

    Raises Broken when a column is missing, nested, or has more than MOST_LEVELS values.
    """
    for column in columns:
        dataset.require(column, "a column that a policy groups rows by")
        if pa.types.is_nested(dataset.type_of(column)):
            raise _ungrouped(dataset, column, f"values of type {dataset.type_of(column)}")
    seen: dict[str, dict[Scalar | None, int]] = {column: {} for column in columns}
    parts: dict[str, list[np.ndarray]] = {column: [] for column in columns}
    for batch in dataset.batches(columns) if columns else ():
        for column in columns:
            codes, values = distinct(batch[column])
            known = seen[column]
            numbered = [known.setdefault(_one_nan(value), len(known)) for value in values]
            if len(known) > MOST_LEVELS:
                raise _ungrouped(dataset, column, f"more than {MOST_LEVELS} different values")
            parts[column].append(np.array(numbered, np.int32)[codes])
    return {column: _sorted(np.concatenate(parts[column]), seen[column]) for column in columns}


def _sorted(codes: np.ndarray, known: dict[Scalar | None, int]) -> Groups:
    """Levels in the order of their values, so that the order of the rows doesn't matter."""
    values = sorted(known, key=_order)
    rank = np.empty(len(known), np.int32)
    rank[[known[value] for value in values]] = np.arange(len(known), dtype=np.int32)
    return Groups(codes=rank[codes], levels=tuple(_text(value) for value in values))


def _one_nan(value: Scalar | None) -> Scalar | None:
    return "nan" if isinstance(value, float) and value != value else value


def _order(value: Scalar | None) -> tuple[bool, bool, float, str]:
    number = isinstance(value, int | float)
    return value is None, not number, float(value) if number else 0.0, str(value)  # type: ignore[arg-type]


def _text(value: Scalar | None) -> str:
    if value is None:
        return NULL
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ungrouped(dataset: Dataset, column: str, found: str) -> Broken:
    return Broken(
        place=f"{dataset.place}: column {column!r}",
        found=found,
        expected="a column that sorts the rows into few groups",
        next_step="group by a coarser column, such as age bands in place of ages",
    )
