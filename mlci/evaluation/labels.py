"""The label column: which rows are positive, and in which order a model lists the classes."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.dataset import Column, Dataset
from mlci.evaluation.naming import listed
from mlci.records.evaluation_set import EvaluationSet, Scalar


@dataclass(frozen=True, kw_only=True)
class Labels:
    """``truth`` bool [n]; ``classes`` are the two labels, sorted as the data's type sorts them."""

    truth: NDArray[np.bool_] = field(repr=False)
    classes: tuple[Scalar, ...]
    positive: Scalar


def key(value: Scalar) -> str:
    """What makes two labels the same one: 1, 1.0, true and "1" are; "1" and ">50K" are not."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def read_labels(dataset: Dataset, exam: EvaluationSet) -> Labels:
    """One pass over the label column.

    Raises Broken when the column is missing, of a type that can't be a label, has empty values,
    has not exactly two values, or never shows the positive one.
    """
    dataset.require(exam.label, "the label of the evaluation set")
    _check_type(dataset, exam.label)
    seen: dict[Scalar, int] = {}
    parts = []
    for batch in dataset.batches([exam.label]):
        codes, values = distinct(batch[exam.label])
        if None in values or any(value != value for value in values):
            raise _broken(dataset, exam.label, "empty values", "a label in every row")
        numbered = np.array([seen.setdefault(value, len(seen)) for value in values], np.int32)
        if len(seen) > 2:
            found = f"more than two labels: {listed([str(value) for value in seen])}"
            raise _broken(dataset, exam.label, found, "two labels in a binary classification")
        parts.append(numbered[codes])
    return _labels(dataset, exam, np.concatenate(parts), tuple(seen))


def distinct(column: Column) -> tuple[NDArray[np.intp], list[Any]]:
    """``column`` as codes into its distinct values; an empty value is None."""
    encoded = column.dictionary_encode(null_encoding="encode")
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.intp)
    return codes, encoded.dictionary.to_pylist()


def _labels(
    dataset: Dataset, exam: EvaluationSet, codes: NDArray[np.int32], classes: tuple[Scalar, ...]
) -> Labels:
    positive = _positive(dataset, exam, classes)
    if len(classes) < 2:
        found = f"one label only, {classes[0]!r}, in all {dataset.rows} rows"
        raise _broken(dataset, exam.label, found, "rows of both classes")
    return Labels(
        truth=codes == classes.index(positive),
        classes=tuple(sorted(classes)),
        positive=positive,
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


def _check_type(dataset: Dataset, label: str) -> None:
    kind = dataset.type_of(label)
    if not (
        is_text(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_floating(kind)
    ):
        raise _broken(dataset, label, f"values of type {kind}", "strings, integers or booleans")


def is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _broken(dataset: Dataset, label: str, found: str, expected: str) -> Broken:
    return Broken(
        place=f"{dataset.place}: column {label!r}",
        found=found,
        expected=expected,
        next_step="mend the data, or name another label in the evaluation set",
    )
