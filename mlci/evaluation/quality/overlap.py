"""How many of an exam's rows stand in the training data: hashes of inputs and label, met in a
stream.

Hashes of the exam's rows are kept, of the training data only which of them were met. An exam of
more rows than may be kept is compared part by part, by the hashes' remainder: as many passes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from mlci.errors import Broken
from mlci.evaluation.columns import is_text
from mlci.evaluation.dataset import Column, Dataset
from mlci.evaluation.naming import listed
from mlci.evaluation.quality.hashing import Hashes, hash_rows, hash_values, hashable

MOST_ROWS_KEPT = 1 << 24  # 24 bytes each while they are counted


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """``met`` of the exam's ``rows`` stand in the training data, of ``training_rows``."""

    rows: int
    met: int
    training_rows: int
    columns: tuple[str, ...]


def merge(one: Overlap, other: Overlap) -> Overlap:
    """Of both shards of the exam, against the same training data. Raises ValueError for others."""
    if (one.columns, one.training_rows) != (other.columns, other.training_rows):
        raise ValueError("overlaps with different training data")
    return Overlap(
        rows=one.rows + other.rows,
        met=one.met + other.met,
        training_rows=one.training_rows,
        columns=one.columns,
    )


def overlap(
    exam: Dataset, training: Dataset, columns: Sequence[str], most: int = MOST_ROWS_KEPT
) -> Overlap:
    """``columns`` are the inputs and the label; ``most`` rows of the exam are kept at a time.

    Raises Broken where a column is missing, nested, or of another kind in the training data.
    """
    single = [_single_precision(exam, training, column) for column in columns]
    parts = -(-exam.rows // most)
    met = 0
    for part in range(parts):
        kept, counts = np.unique(
            np.concatenate([*_part(exam, columns, single, part, parts)]), return_counts=True
        )
        seen = np.zeros(kept.size, np.bool_)
        for batch in _part(training, columns, single, part, parts):
            known = np.unique(batch)
            at = np.searchsorted(kept, known)
            inside = at < kept.size
            at, known = at[inside], known[inside]
            seen[at[kept[at] == known]] = True
        met += int(counts[seen].sum())
    return Overlap(rows=exam.rows, met=met, training_rows=training.rows, columns=tuple(columns))


def _part(
    dataset: Dataset, columns: Sequence[str], single: Sequence[bool], part: int, parts: int
) -> Iterator[Hashes]:
    for batch in dataset.batches(columns):
        hashes = _rows(batch, columns, single)
        yield hashes if parts == 1 else hashes[hashes % np.uint64(parts) == np.uint64(part)]


def _rows(batch: Mapping[str, Column], columns: Sequence[str], single: Sequence[bool]) -> Hashes:
    return hash_rows(
        hash_values(batch[name], single=each) for name, each in zip(columns, single, strict=True)
    )


def _single_precision(exam: Dataset, training: Dataset, column: str) -> bool:
    """Whether one of both files holds the numbers in single precision."""
    kinds = []
    for dataset in (exam, training):
        if column not in dataset.columns or not hashable(dataset.type_of(column)):
            raise Broken(
                place=dataset.place,
                found=f"no column {column!r} whose values can be compared",
                expected="a column for each of the model's inputs, and the label "
                f"(there is: {listed(dataset.columns)})",
                next_step="name the training data as the model read them in lineage.training, "
                "or say `overlap: false` in the policy",
            )
        kinds.append(dataset.type_of(column))
    if _family(kinds[0]) != _family(kinds[1]):
        raise Broken(
            place=f"{training.place}: column {column!r}",
            found=f"values of type {kinds[1]}",
            expected=f"values of the exam's type {kinds[0]}",
            next_step="write both files with one type",
        )
    return any(pa.types.is_float32(kind) or pa.types.is_float16(kind) for kind in kinds)


def _family(kind: Any) -> str:
    if is_text(kind):
        return "text"
    if pa.types.is_timestamp(kind):
        return "instant" if kind.tz is not None else "wall clock"
    if pa.types.is_date(kind):
        return "day"
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return "number" if number or pa.types.is_boolean(kind) else str(kind)
