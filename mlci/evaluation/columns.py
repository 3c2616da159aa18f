"""Columns as codes into their distinct values."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlci.evaluation.dataset import Column
from mlci.records.evaluation_set import Scalar


def distinct(column: Column) -> tuple[NDArray[np.intp], list[Any]]:
    """``column`` as codes into its distinct values, of which each occurs; an empty value is None.

    A value may stand in the list twice where a file's own dictionary repeats it.
    """
    if pa.types.is_dictionary(column.type):
        return _of_dictionary(column)
    encoded = column.dictionary_encode(null_encoding="encode")
    return _numpy(encoded.indices), encoded.dictionary.to_pylist()


def _of_dictionary(column: Column) -> tuple[NDArray[np.intp], list[Any]]:
    size = len(column.dictionary)
    indices = column.indices
    codes = _numpy(indices.cast(pa.int64()).fill_null(size) if indices.null_count else indices)
    used = np.flatnonzero(np.bincount(codes, minlength=size))
    values = column.dictionary.take(pa.array(used[used < size])).to_pylist()
    if used.size and used[-1] == size:
        values.append(None)
    rank = np.zeros(size + 1, np.intp)
    rank[used] = np.arange(used.size)
    return rank[codes], values


def _numpy(indices: Any) -> NDArray[np.intp]:
    return np.asarray(indices.to_numpy(zero_copy_only=False)).astype(np.intp, copy=False)


def key(value: Scalar) -> str:
    """What makes two labels the same one: 1, 1.0, true and "1" are; "1" and ">50K" are not."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )
