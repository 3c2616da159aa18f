"""Arrays as members of a part: the ``.npy`` format without pickle, as narrow as loses nothing."""

import io
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

Array = NDArray[Any]

DTYPES = ("bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
DTYPES += ("float16", "float32", "float64")
_VERSION = (1, 0)
_MOST_HEADER = 1_000


def to_bytes(array: Array) -> bytes:
    """The member that holds the array: booleans eight a byte, integers in the narrowest type that
    holds them, doubles that are single-precision numbers as such.

    Raises ValueError for another type of values, and for NaN and infinities.
    """
    if array.dtype.name not in DTYPES:
        raise ValueError(f"values of type {array.dtype}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("a number that is NaN or infinite")
    stream = io.BytesIO()
    npy.write_array(stream, np.ascontiguousarray(_narrow(array)), _VERSION, allow_pickle=False)
    return stream.getvalue()


def from_bytes(content: bytes, dtype: str, shape: tuple[int, ...]) -> Array:
    """The inverse; an array that can't be written to. Raises ValueError for anything else."""
    stream = io.BytesIO(content)
    if npy.read_magic(stream) != _VERSION:
        raise ValueError("an array in another version of the .npy format")
    extents, fortran, stored = npy.read_array_header_1_0(stream, max_header_size=_MOST_HEADER)
    rest = len(content) - stream.tell()
    # Before anything is allocated: a header may claim any shape.
    if stored.name not in DTYPES or fortran or _count(extents) * stored.itemsize != rest:
        raise ValueError("an array of another type or length than its header says")
    array = np.frombuffer(content, stored, offset=stream.tell()).reshape(extents)
    whole = _unpacked(array, shape) if dtype == "bool" else array
    wanted = np.dtype(dtype)
    if dtype not in DTYPES or whole.shape != shape or not _holds(wanted, whole):
        raise ValueError(f"an array that isn't {dtype} of shape {list(shape)}")
    if whole.dtype.kind == "f" and not np.isfinite(whole).all():
        raise ValueError("a number that is NaN or infinite")
    return whole.astype(wanted, copy=False)


def _narrow(array: Array) -> Array:
    if array.dtype == np.bool_:
        return np.packbits(array.ravel())
    if array.dtype == np.float64:
        with np.errstate(over="ignore"):
            single = array.astype(np.float32)
        return single if np.array_equal(single, array) else array
    if array.dtype.kind in "iu" and array.size:
        return array.astype(_values(array))
    return array


def _values(array: Array) -> np.dtype[Any]:
    """The narrowest type that holds an array's integers; the type of any other array."""
    if array.dtype.kind not in "iu" or not array.size:
        return array.dtype
    low, high = int(array.min()), int(array.max())
    sign = "u" if low >= 0 else ""
    ends = ((name, np.iinfo(name)) for name in (f"{sign}int{bits}" for bits in (8, 16, 32, 64)))
    return np.dtype(next(n for n, each in ends if each.min <= low and high <= each.max))


def _holds(wanted: np.dtype[Any], array: Array) -> bool:
    """Whether the type holds an array's values without loss."""
    if array.dtype.kind in "iu" and wanted.kind in "iu":
        ends = np.iinfo(wanted)
        return not array.size or (ends.min <= array.min() and array.max() <= ends.max)
    same = array.dtype.kind == wanted.kind
    return same and array.dtype.itemsize <= wanted.itemsize


def _unpacked(packed: Array, shape: tuple[int, ...]) -> Array:
    count = _count(shape)
    if packed.dtype != np.uint8 or packed.size != -(-count // 8):
        raise ValueError("booleans that aren't packed eight a byte")
    return np.unpackbits(packed, count=count).view(np.bool_).reshape(shape)


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for extent in shape:
        if extent < 0:
            raise ValueError("an extent below zero")
        count *= extent
    return count
