"""Predictions made elsewhere: a Parquet file, row for row with the exam."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlci.errors import Broken
from mlci.evaluation.answers import Said
from mlci.evaluation.dataset import Dataset, open_dataset
from mlci.evaluation.labels import Labels
from mlci.evaluation.naming import listed
from mlci.records.evaluation_set import Scalar
from mlci.records.metric import BINARY, REGRESSION

LABEL, SCORE = "prediction", "score"
OF_CLASS = "score:"


def predicted_classes(path: Path, place: str) -> tuple[Scalar, ...]:
    """The classes that the file has a ``score:<class>`` column for, in the order of its columns."""
    with open_dataset(path, place) as predictions:
        return tuple(
            name.removeprefix(OF_CLASS) for name in predictions.columns if name.startswith(OF_CLASS)
        )


def read_predictions(
    path: Path, place: str, exam: Dataset, labels: Labels
) -> Iterator[tuple[Said, int]]:
    """The predictions in batches, and how many rows each has.

    Raises Broken for a file without the columns that the task needs, of another length than the
    exam, or in another order: each column that both files have must be equal row for row.
    """
    with open_dataset(path, place) as whole:
        if whole.rows != exam.stored_rows:
            raise Broken(
                place=place,
                found=f"{whole.rows} rows",
                expected=f"the {exam.stored_rows} rows of {exam.place}, one prediction for each",
                next_step="predict every row of the exam, in its order",
            )
        predictions = replace(whole, selection=exam.selection)
        scores = _score_columns(predictions, labels)
        label = LABEL if LABEL in predictions.columns else None
        if label is None and not scores:
            expected = _wanted(labels.task)
            raise _without(place, f"columns {listed(predictions.columns)}", expected)
        _check_order(predictions, exam)
        for batch in predictions.coded([*([label] if label else []), *scores]):
            rows = len(next(iter(batch.values())))
            yield _said(place, batch, label, scores), rows


def _said(place: str, batch: dict[str, Any], label: str | None, scores: list[str]) -> Said:
    for name in scores:
        if batch[name].null_count:
            raise _without(place, f"empty values in column {name!r}", "a score in every row")
    matrix = [batch[name].to_numpy(zero_copy_only=False) for name in scores]
    score = None
    if matrix:
        score = matrix[0] if scores == [SCORE] else np.stack(matrix, axis=1)
    return Said(
        label=batch[label] if label else None,
        score=score,
        label_name=f"column {LABEL!r}",
        score_name=f"column {SCORE!r}" if scores == [SCORE] else f"columns {listed(scores)}",
    )


def _score_columns(predictions: Dataset, labels: Labels) -> list[str]:
    if labels.task == REGRESSION:
        return []
    names = [SCORE] if SCORE in predictions.columns else []
    if labels.task != BINARY:
        names = [name for name in predictions.columns if name.startswith(OF_CLASS)]
    for name in names:
        kind = predictions.type_of(name)
        if not pa.types.is_floating(kind) and not pa.types.is_integer(kind):
            raise _without(
                predictions.place, f"column {name!r} of type {kind}", "numbers from 0 to 1"
            )
    return names


def _check_order(predictions: Dataset, exam: Dataset) -> None:
    """What both files say of a row must be the same: a key, an id, the label."""
    own = (LABEL, SCORE)
    shared = [name for name in exam.columns if name in predictions.columns and name not in own]
    if not shared:
        return
    row = 0
    theirs, ours = _slices(predictions, shared), _slices(exam, shared)
    for left, right in zip(theirs, ours, strict=True):
        for name in shared:
            same = _equal(left.column(name), right.column(name))
            if not same.all():
                at = _number(exam, row + int(np.flatnonzero(~same)[0]))
                raise Broken(
                    place=f"{predictions.place}: column {name!r}",
                    found=f"another value than the exam's in row {at}",
                    expected=f"the rows of {exam.place}, in their order",
                    next_step="write the predictions in the order of the exam's rows",
                )
        row += left.num_rows


def _number(exam: Dataset, at: int) -> int:
    return at if exam.selection is None else exam.selection.number(at)


def _equal(left: Any, right: Any) -> np.ndarray:
    try:
        same = pc.equal(left, right.cast(left.type))
    except pa.ArrowException:
        return np.zeros(len(left), np.bool_)
    both = pc.and_(pc.is_null(left, nan_is_null=True), pc.is_null(right, nan_is_null=True))
    found = pc.or_kleene(same, both).fill_null(False)
    return np.asarray(found.to_numpy(zero_copy_only=False))


def _slices(dataset: Dataset, columns: list[str]) -> Iterator[Any]:
    """Batches of one size, whatever the row groups of the file."""
    size = 65_536
    left: list[Any] = []
    rows = 0
    for batch in dataset.batches(columns):
        left.append(pa.record_batch([batch[name] for name in columns], names=columns))
        rows += left[-1].num_rows
        while rows >= size:
            whole = pa.Table.from_batches(left)
            yield whole.slice(0, size).combine_chunks()
            left, rows = whole.slice(size).to_batches(), rows - size
    if rows:
        yield pa.Table.from_batches(left).combine_chunks()


def _wanted(task: str) -> str:
    if task == REGRESSION:
        return f"a column {LABEL!r}"
    scores = repr(SCORE) if task == BINARY else f"'{OF_CLASS}<class>' for each class"
    return f"a column {LABEL!r}, or {scores}"


def _without(place: str, found: str, expected: str) -> Broken:
    return Broken(
        place=place,
        found=found,
        expected=expected,
        next_step="write the predictions as `mlci` expects them: see docs/gates.md",
    )
