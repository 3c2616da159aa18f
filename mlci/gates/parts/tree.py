"""A measurement as a tree of JSON and a list of arrays, and back.

null, true, 1, 0.5, "text"                     themselves
[...]                                          a tuple
{"map": [[key, value], …]}                     a mapping
{"is": "Sums", "fields": {…}}                  a dataclass
{"enum": "Kind", "value": "noise"}             a member of an enum
{"array": 3, "dtype": "int64", "shape": [5]}   the array of member 3.npy
{"sparse": [data, indices, indptr], "shape": [5, 5]}   a sparse matrix by its rows
"""

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

from mlci.gates.parts.arrays import from_bytes, to_bytes
from mlci.gates.parts.kinds import fits, hints, is_record, kinds

_MOST_NESTED = 32


def to_tree(measurement: Any) -> tuple[Any, list[bytes]]:
    """Raises ValueError for a number that is NaN or infinite, TypeError for what has no form."""
    arrays: list[bytes] = []
    return _tree(measurement, arrays), arrays


def from_tree(tree: Any, arrays: Sequence[bytes], root: type) -> Any:
    """A measurement of class ``root``, or None. Raises KeyError, TypeError, ValueError for a tree
    that is none: a class that isn't part of it, a field too few, a value of another type."""
    found = _Reading(arrays, kinds(root)).value(tree, _MOST_NESTED)
    if found is not None and type(found) is not root:
        raise ValueError(f"no {root.__name__}")
    return found


def _tree(value: Any, arrays: list[bytes]) -> Any:
    if isinstance(value, Enum):
        return {"enum": type(value).__name__, "value": value.value}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number that is NaN or infinite")
        return value
    if isinstance(value, tuple | list):
        return [_tree(each, arrays) for each in value]
    if isinstance(value, Mapping):
        return {"map": [[_tree(key, arrays), _tree(each, arrays)] for key, each in value.items()]}
    if isinstance(value, np.ndarray):
        arrays.append(to_bytes(value))
        at = len(arrays) - 1
        return {"array": at, "dtype": value.dtype.name, "shape": list(value.shape)}
    if issparse(value):
        rows: Any = csr_array(value)
        rows.sum_duplicates()
        members = [_tree(each, arrays) for each in (rows.data, rows.indices, rows.indptr)]
        return {"sparse": members, "shape": list(rows.shape)}
    if is_record(type(value)):
        fields = {name: _tree(getattr(value, name), arrays) for name in hints(type(value))}  # type: ignore[arg-type]
        return {"is": type(value).__name__, "fields": fields}
    raise TypeError(f"a measurement can't hold a {type(value).__qualname__}")


class _Reading:
    def __init__(self, arrays: Sequence[bytes], known: Mapping[str, type]) -> None:
        self._arrays = arrays
        self._known = known

    def value(self, tree: Any, left: int) -> Any:
        if not left:
            raise ValueError("more nested than any measurement is")
        if isinstance(tree, list):
            return tuple(self.value(each, left - 1) for each in tree)
        if not isinstance(tree, dict):
            return tree
        if "map" in tree:
            pairs = [(self.value(k, left - 1), self.value(v, left - 1)) for k, v in tree["map"]]
            return dict(pairs)
        if "array" in tree:
            return from_bytes(self._member(tree["array"]), tree["dtype"], _extents(tree["shape"]))
        if "sparse" in tree:
            return self._sparse(tree, left)
        if "enum" in tree:
            return self._kind(tree["enum"], Enum)(tree["value"])
        return self._record(tree, left)

    def _record(self, tree: Mapping[str, Any], left: int) -> Any:
        kind = self._kind(tree["is"], object)
        declared = hints(kind)
        given = {name: self.value(each, left - 1) for name, each in tree["fields"].items()}
        if given.keys() != declared.keys():
            raise ValueError(f"{kind.__name__} with other fields: {', '.join(given)}")
        for name, each in given.items():
            if not fits(each, declared[name]):
                raise ValueError(f"{kind.__name__}.{name} isn't of its type")
        return kind(**given)

    def _sparse(self, tree: Mapping[str, Any], left: int) -> Any:
        data, indices, indptr = (self.value(each, left - 1) for each in tree["sparse"])
        # SciPy sorts in place where it must; what is read from a file can't be written to.
        made = csr_array((data, indices.copy(), indptr.copy()), shape=_square(tree["shape"]))
        made.check_format(full_check=True)
        return made

    def _member(self, at: Any) -> bytes:
        if type(at) is not int or not 0 <= at < len(self._arrays):
            raise ValueError(f"no member {at}.npy")
        return self._arrays[at]

    def _kind(self, name: Any, base: type) -> type:
        kind = self._known.get(name) if isinstance(name, str) else None
        if kind is None or not issubclass(kind, base) or (base is object and not is_record(kind)):
            raise ValueError(f"an unknown class {name!r}")
        return kind


def _square(shape: Any) -> tuple[int, int]:
    rows, columns = _extents(shape)
    return rows, columns


def _extents(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, list) or any(type(each) is not int or each < 0 for each in shape):
        raise ValueError("a shape that is none")
    return tuple(shape)
