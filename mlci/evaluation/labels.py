"""The label column: what each row truly is, as the task asks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.columns import Codes, distinct, is_text, key, looked_up
from mlci.evaluation.dataset import Dataset
from mlci.evaluation.naming import listed
from mlci.records.evaluation_set import EvaluationSet, Scalar
from mlci.records.metric import BINARY, REGRESSION

MOST_CLASSES = 1_000

Part = tuple[Codes, NDArray[np.int32]]  # a batch: codes into its values, and which labels these are


@dataclass(frozen=True, kw_only=True)
class Labels:
    """``truth`` [n] as an Examination has it. ``classes``: the labels, those of the data sorted as
    their type sorts them; two in a binary task, of which ``positive`` is one; none in a regression.
    ``in_data`` are those that some row has.
    """

    task: str
    truth: NDArray[Any] = field(repr=False)
    classes: tuple[Scalar, ...] = ()
    positive: Scalar | None = None
    in_data: tuple[Scalar, ...] = ()


def read_labels(
    dataset: Dataset, exam: EvaluationSet, task: str, declared: Iterable[Scalar] = ()
) -> Labels:
    """One pass over the label column. ``declared`` are the classes that models say they know: in a
    multiclass task a class may be one that no row of the data has.

    Raises Broken when the column is missing, of a type that can't be a label of the task, or has
    empty values; in a regression for values that aren't finite; in a binary task unless there are
    two labels, one of them the positive one; in a multiclass one for a single label.
    """
    dataset.require(exam.label, "the label of the evaluation set")
    _check_type(dataset, exam.label, task)
    if task == REGRESSION:
        return Labels(task=task, truth=_numbers(dataset, exam.label))
    parts, classes = _classes(dataset, exam.label, 2 if task == BINARY else MOST_CLASSES)
    if task == BINARY:
        return _binary(dataset, exam, parts, classes)
    if len(classes) < 2:
        raise _one_label(dataset, exam, classes)
    ordered = tuple(sorted(classes))
    rank = np.array([ordered.index(value) for value in classes], np.int32)
    seen = {key(value) for value in ordered}
    extra = {key(value): value for value in declared if key(value) not in seen}
    return Labels(
        task=task,
        truth=looked_up([(codes, rank[numbered]) for codes, numbered in parts]),
        classes=(*ordered, *extra.values()),
        in_data=ordered,
    )


def _classes(dataset: Dataset, label: str, most: int) -> tuple[list[Part], tuple[Scalar, ...]]:
    """The rows' labels, in the order in which they first occur."""
    seen: dict[Scalar, int] = {}
    parts = []
    for batch in dataset.coded([label]):
        codes, values = distinct(batch[label])
        if None in values or any(value != value for value in values):
            raise _broken(dataset, label, "empty values", "a label in every row")
        numbered = np.array([seen.setdefault(value, len(seen)) for value in values], np.int32)
        if len(seen) > most:
            number = "two" if most == 2 else f"{most:,}"
            found = f"more than {number} labels: {listed([str(value) for value in seen])}"
            task = "a binary" if most == 2 else "a multiclass"
            raise _broken(dataset, label, found, f"at most {number} in {task} classification")
        parts.append((codes, numbered))
    return parts, tuple(seen)


def _binary(
    dataset: Dataset, exam: EvaluationSet, parts: list[Part], classes: tuple[Scalar, ...]
) -> Labels:
    positive = _positive(dataset, exam, classes)
    if len(classes) < 2:
        raise _one_label(dataset, exam, classes)
    at = classes.index(positive)
    return Labels(
        task=BINARY,
        truth=looked_up([(codes, numbered == at) for codes, numbered in parts]),
        classes=tuple(sorted(classes)),
        positive=positive,
        in_data=tuple(sorted(classes)),
    )


def _positive(dataset: Dataset, exam: EvaluationSet, classes: tuple[Scalar, ...]) -> Scalar:
    """The positive label as the data writes it; without a word it is 1."""
    wanted = 1 if exam.positive is None else exam.positive
    for value in classes:
        if key(value) == key(wanted):
            return value
    raise Broken(
        place=f"{dataset.place}: column {exam.label!r}",
        found=f"never the positive label {wanted!r}",
        expected=f"one of {listed([repr(value) for value in classes])}",
        next_step="set `positive` in the evaluation set to a label of the data",
    )


def _numbers(dataset: Dataset, label: str) -> NDArray[np.float64]:
    parts = []
    for batch in dataset.batches([label]):
        column = batch[label]
        if column.null_count:
            raise _broken(dataset, label, "empty values", "a number in every row")
        values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        if not np.isfinite(values).all():
            found = f"{values[~np.isfinite(values)][0]}"
            raise _broken(dataset, label, found, "a finite number in every row")
        parts.append(values)
    return np.concatenate(parts)


def _check_type(dataset: Dataset, label: str, task: str) -> None:
    kind = dataset.type_of(label)
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if task == REGRESSION:
        if not (number or pa.types.is_decimal(kind)):
            raise _broken(dataset, label, f"values of type {kind}", "numbers, in a regression")
    elif not (number or is_text(kind) or pa.types.is_boolean(kind)):
        raise _broken(dataset, label, f"values of type {kind}", "strings, integers or booleans")


def _one_label(dataset: Dataset, exam: EvaluationSet, classes: tuple[Scalar, ...]) -> Broken:
    found = f"one label only, {classes[0]!r}, in all {dataset.rows} rows"
    return _broken(dataset, exam.label, found, "rows of both classes")


def _broken(dataset: Dataset, label: str, found: str, expected: str) -> Broken:
    return Broken(
        place=f"{dataset.place}: column {label!r}",
        found=found,
        expected=expected,
        next_step="mend the data, or name another label in the evaluation set",
    )
