"""Columns of the data -> inputs of the model's graph."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.columns import is_text
from mlci.evaluation.dataset import Column, Dataset
from mlci.evaluation.naming import listed, nearest
from mlci.records.release import Model
from mlci.serving.session import DTYPES, Tensor


@dataclass(frozen=True, kw_only=True)
class Feed:
    """A graph input and the columns stacked into it, in their order."""

    tensor: Tensor
    columns: tuple[str, ...]


def bind(
    model: Model, tensors: tuple[Tensor, ...], dataset: Dataset, label: str
) -> tuple[Feed, ...]:
    """Finds the columns of each graph input: those that ``model.inputs`` names, else the column of
    the input's own name. Raises Broken where they don't fit, before anything runs.
    """
    names = [tensor.name for tensor in tensors]
    if not names:
        raise Broken(
            place=model.uri,
            found="no inputs in the model's graph",
            expected="a model that reads columns of the data",
            next_step="convert the model with its inputs",
        )
    unknown = [name for name in model.inputs if name not in names]
    if unknown:
        raise Broken(
            place=model.uri,
            found=f"no input {unknown[0]!r} in the model's graph",
            expected=f"the inputs that the manifest names ({nearest(unknown[0], names)})",
            next_step="correct model.inputs in the manifest",
        )
    feeds = tuple(
        Feed(tensor=tensor, columns=tuple(model.inputs.get(tensor.name, (tensor.name,))))
        for tensor in tensors
    )
    _check_columns(model, feeds, dataset, label)
    for feed in feeds:
        _check_shape(model, feed)
        for column in feed.columns:
            _check_type(model, feed.tensor, column, dataset)
    return feeds


def build(
    feed: Feed, batch: Mapping[str, Column], dataset: Dataset, first_row: int
) -> NDArray[Any]:
    """The input's array [rows, columns], or [rows] where the graph declares one extent.

    An empty value is NaN to a float input; raises Broken for one in any other, with its row.
    """
    stacked = [
        _values(feed.tensor, column, batch[column], dataset, first_row) for column in feed.columns
    ]
    return stacked[0] if len(feed.tensor.shape) == 1 else np.stack(stacked, axis=1)


def _values(
    tensor: Tensor, column: str, values: Column, dataset: Dataset, first_row: int
) -> NDArray[Any]:
    floating = tensor.datatype.startswith("FP")
    if values.null_count and not floating:
        row = first_row + int(np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))[0])
        raise Broken(
            place=f"{dataset.place}: column {column!r}",
            found=f"an empty value in row {row}",
            expected=f"a value in every row, as input {tensor.name!r} takes {tensor.datatype}",
            next_step="fill the empty values in the data, as they are in serving",
        )
    if tensor.datatype == "BYTES":
        return np.array(values.to_pylist(), dtype=object)
    try:
        numbers = values.cast(pa.float64(), safe=False) if floating else values
        array = numbers.to_numpy(zero_copy_only=False)
        if not floating and pa.types.is_integer(values.type):
            _check_range(array, DTYPES[tensor.datatype])
        with np.errstate(over="ignore"):
            return np.asarray(array, dtype=DTYPES[tensor.datatype])
    except (pa.ArrowException, OverflowError) as error:
        raise Broken(
            place=f"{dataset.place}: column {column!r}",
            found=str(error),
            expected=f"values that fit input {tensor.name!r} of type {tensor.datatype}",
            next_step="mend the data, or convert the model with a wider input",
        ) from None


def _check_range(array: NDArray[Any], dtype: Any) -> None:
    if dtype is not np.bool_ and array.size:
        limits = np.iinfo(dtype)
        low, high = int(array.min()), int(array.max())
        if low < limits.min or high > limits.max:
            raise OverflowError(f"values from {low} to {high}")


def _check_columns(model: Model, feeds: tuple[Feed, ...], dataset: Dataset, label: str) -> None:
    wanted = list(dict.fromkeys(column for feed in feeds for column in feed.columns))
    if label in wanted:
        raise Broken(
            place=model.uri,
            found=f"the model reads the label column {label!r}",
            expected="inputs that are known when it serves",
            next_step="train it without the label",
        )
    missing = [column for column in wanted if column not in dataset.columns]
    if missing:
        near = "; ".join(f"{name!r}: {nearest(name, dataset.columns)}" for name in missing[:3])
        raise Broken(
            place=model.uri,
            found=f"inputs without a column in {dataset.place}: {listed(missing)}",
            expected=f"a column for every input ({near})",
            next_step="name the columns in model.inputs of the manifest, or mend the data",
        )


def _check_shape(model: Model, feed: Feed) -> None:
    shape, width = feed.tensor.shape, len(feed.columns)
    fits = (len(shape) == 1 and width == 1) or (len(shape) == 2 and shape[1] in (-1, width))
    if not fits or shape[0] != -1:
        raise Broken(
            place=model.uri,
            found=f"input {feed.tensor.name!r} of shape {_shown(shape)}",
            expected=f"[any, {width}] for {listed(feed.columns)}",
            next_step="stack the right columns by model.inputs, or convert the model with an open "
            "number of rows",
        )


def _check_type(model: Model, tensor: Tensor, column: str, dataset: Dataset) -> None:
    kind = dataset.type_of(column)
    number = pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    if tensor.datatype == "BYTES":
        fits, expected = is_text(kind), "strings"
    elif tensor.datatype == "BOOL":
        fits, expected = bool(pa.types.is_boolean(kind)), "booleans"
    elif tensor.datatype.startswith("FP"):
        fits, expected = (
            number or pa.types.is_floating(kind) or pa.types.is_decimal(kind),
            "numbers",
        )
    else:
        fits, expected = number, "integers"
    if not fits:
        raise Broken(
            place=f"{dataset.place}: column {column!r}",
            found=f"values of type {kind}",
            expected=f"{expected}, as input {tensor.name!r} of {model.uri} takes {tensor.datatype}",
            next_step="mend the data's type, or name other columns in model.inputs",
        )


def _shown(shape: tuple[int, ...]) -> str:
    return "[" + ", ".join("any" if extent == -1 else str(extent) for extent in shape) + "]"
