"""Columns as codes into their distinct values."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlci.evaluation.dataset import Column
from mlci.records.evaluation_set import Scalar

_PIECE = 1 << 16

Codes = NDArray[np.integer[Any]]


def distinct(column: Column) -> tuple[Codes, list[Any]]:
    """``column`` as codes into its distinct values, of which each occurs; an empty value is None.

    A value may stand in the list twice where a file's own dictionary repeats it.
    """
    if pa.types.is_dictionary(column.type):
        return _of_dictionary(column)
    encoded = column.dictionary_encode(null_encoding="encode")
    return _numpy(encoded.indices, len(encoded.dictionary)), encoded.dictionary.to_pylist()


def smallest(codes: int) -> np.dtype[Any]:
    """The smallest type for so many codes from 0 on."""
    return np.min_scalar_type(max(codes - 1, 0))


def looked_up(parts: Sequence[tuple[Codes, NDArray[Any]]]) -> NDArray[Any]:
    """``table[codes]`` of each part, one after the other. The tables are of one type."""
    found = np.empty(sum(codes.size for codes, _ in parts), parts[0][1].dtype)
    at = 0
    for codes, table in parts:
        for piece in _pieces(codes):
            found[at : at + piece.size] = table.take(piece)
            at += piece.size
    return found


def _of_dictionary(column: Column) -> tuple[Codes, list[Any]]:
    size = len(column.dictionary)
    indices = column.indices
    empty = indices.null_count > 0
    codes = _numpy(indices.cast(pa.int64()).fill_null(size) if empty else indices, size + empty)
    occurs = _occurring(codes, size + empty)
    if not empty and occurs.all():
        return codes, column.dictionary.to_pylist()
    used = np.flatnonzero(occurs)
    values = column.dictionary.take(pa.array(used[used < size])).to_pylist()
    rank = np.zeros(size + 1, smallest(used.size))
    rank[used] = np.arange(used.size)
    return looked_up([(codes, rank)]), values + [None] * empty


def _occurring(codes: Codes, size: int) -> NDArray[np.bool_]:
    """[size]: which codes there are. All of them are seen soon, most of the time."""
    seen = np.zeros(size, np.bool_)
    for piece in _pieces(codes):
        seen[piece] = True
        if seen.all():
            break
    return seen


def _pieces(codes: Codes) -> Iterator[Codes]:
    """Small enough for the processor's cache."""
    for start in range(0, codes.size, _PIECE):
        yield codes[start : start + _PIECE]


def _numpy(indices: Any, size: int) -> Codes:
    """A copy, mostly a small one, so that the batch needn't be kept."""
    found = np.asarray(indices.to_numpy(zero_copy_only=False))
    return found.astype(smallest(size))


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
