"""Values and rows -> 64-bit hashes: what is equal has one hash, in every file and shard.

Not for adversaries: whoever can write the data can also change it. The chance that any two of n
different values share a hash is about n * n / 2**65: below 1e-5 for ten million.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mlci.evaluation.columns import is_text
from mlci.evaluation.dataset import Column

Hashes = NDArray[np.uint64]

# splitmix64's constants (Steele, Lea & Flood 2014); each kind of value starts from its own.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_NUMBER, _TEXT, _MOMENT, _WALL, _DAY, _OTHER, _NOTHING = (np.uint64(k) for k in range(1, 8))
_WHOLE = 2.0**63


def mix(values: Any) -> Any:
    """splitmix64's finaliser: a bijection of uint64, one or many, that spreads every bit."""
    with np.errstate(over="ignore"):
        mixed = values + _GOLDEN
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return mixed ^ (mixed >> np.uint64(31))


def hashable(kind: pa.DataType) -> bool:
    """Whether values of this type can be compared by their hashes: all but nested ones and what
    has no values."""
    types = pa.types
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    other = types.is_boolean(kind) or (types.is_temporal(kind) and not types.is_interval(kind))
    return bool(number or other or is_text(kind) or _is_binary(kind))


def hash_values(column: Column, *, single: bool = False) -> Hashes:
    """uint64 [rows]. 1, 1.0 and true are equal, and so are equal moments in different time zones;
    empty values and NaN are equal to each other. ``single`` compares numbers in single precision.
    """
    kind = column.type
    if is_text(kind) or _is_binary(kind):
        hashed = _text(column)
    elif pa.types.is_timestamp(kind):
        micros = column.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64())
        hashed = _words(micros, _WALL if kind.tz is None else _MOMENT)
    elif pa.types.is_date(kind):
        hashed = _words(column.cast(pa.date32(), safe=False).cast(pa.int32()), _DAY)
    elif pa.types.is_temporal(kind):
        whole = pa.int32() if pa.types.is_time32(kind) else pa.int64()
        hashed = _words(column.cast(whole), _OTHER)
    else:
        hashed = _numbers(column, single)
    if column.null_count:
        hashed[column.is_null().to_numpy(zero_copy_only=False)] = mix(_NOTHING)
    return hashed


def hash_rows(columns: Iterable[Hashes]) -> Hashes:
    """One hash for each row, of its values' hashes in their order. Raises ValueError without any
    columns."""
    rows: Hashes | None = None
    with np.errstate(over="ignore"):
        for column in columns:
            rows = column if rows is None else mix(rows * _FIRST + column)
    if rows is None:
        raise ValueError("a row without columns")
    return rows


def _is_binary(kind: pa.DataType) -> bool:
    types = pa.types
    fixed = types.is_fixed_size_binary(kind) and not types.is_decimal(kind)
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or fixed)


def _numbers(column: Column, single: bool) -> Hashes:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if pa.types.is_integer(column.type) and not single:
        return _words(column, _NUMBER)
    floats = column.cast(pa.float64(), safe=False).fill_null(0.0).to_numpy(zero_copy_only=False)
    values = floats.astype(np.float32).astype(np.float64) if single else floats
    whole = (np.abs(values) < _WHOLE) & (np.trunc(values) == values)
    words = np.where(whole, 0.0, values).view(np.uint64) ^ _SECOND
    words[whole] = values[whole].astype(np.int64).view(np.uint64)
    hashed: Hashes = mix(words ^ mix(_NUMBER))
    hashed[np.isnan(values)] = mix(_NOTHING)
    return hashed


def _words(column: Column, kind: np.uint64) -> Hashes:
    whole = column.fill_null(0) if column.null_count else column
    words = whole.to_numpy(zero_copy_only=False)
    wide = words if words.dtype == np.uint64 else words.astype(np.int64).view(np.uint64)
    hashed: Hashes = mix(wide ^ mix(kind))
    return hashed


def _text(column: Column) -> Hashes:
    """Each distinct value of the batch once."""
    encoded = column.dictionary_encode()
    words = encoded.dictionary.cast(pa.large_binary())
    if not len(words):
        return np.zeros(len(column), np.uint64)
    codes = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    return np.asarray(_bytes(words)[codes])


def _bytes(words: Column) -> Hashes:
    """The sum of one hash for each byte at its position, mixed with the length."""
    measured: Column = pc.binary_length(words)
    lengths = measured.to_numpy(zero_copy_only=False).astype(np.int64)
    ends = np.cumsum(lengths)
    _, offsets, data = words.buffers()
    first = np.frombuffer(offsets, np.int64)[words.offset] if len(words) else 0
    total = int(ends[-1])
    text = np.frombuffer(data, np.uint8)[first : first + total] if total else np.zeros(0, np.uint8)
    at = np.arange(total) - np.repeat(ends - lengths, lengths)
    with np.errstate(over="ignore"):
        each = mix((text.astype(np.uint64) << np.uint64(40)) + at.astype(np.uint64))
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(each, dtype=np.uint64)])
        whole = sums[ends] - sums[ends - lengths]
    hashed: Hashes = mix(whole ^ mix(lengths.astype(np.uint64) ^ mix(_TEXT)))
    return hashed
