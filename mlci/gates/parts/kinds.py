"""Which classes a measurement may be made of: those that its fields declare, and no others."""

import dataclasses
import math
import types
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np


def is_record(kind: Any) -> bool:
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)


def is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


@cache
def hints(record: type) -> Mapping[str, Any]:
    """The types of a dataclass's fields, by name."""
    found = get_type_hints(record)
    return {each.name: found[each.name] for each in dataclasses.fields(record)}


@cache
def kinds(root: type) -> Mapping[str, type]:
    """The dataclasses and enums that ``root`` is made of, itself included, by their names.

    Raises TypeError where two of them have one name: a file could not tell them apart.
    """
    found: dict[str, type] = {}
    left: list[Any] = [root]
    while left:
        hint = left.pop()
        if not (is_record(hint) or is_enum(hint)):
            left.extend(get_args(hint))
        elif hint.__name__ not in found:
            found[hint.__name__] = hint
            left.extend(hints(hint).values() if is_record(hint) else ())
        elif found[hint.__name__] is not hint:
            raise TypeError(f"two classes named {hint.__name__} in {root.__qualname__}")
    return found


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the type that a field declares; no number is NaN or infinite."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(fits(value, each) for each in args)
    if origin is Literal:
        return value in args
    if origin is tuple:
        return isinstance(value, tuple) and _fit_in_order(value, args)
    if origin is not None and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(
            fits(key, args[0]) and fits(each, args[1]) for key, each in value.items()
        )
    if origin is np.ndarray:
        return isinstance(value, np.ndarray) and _holds(value, args[1])
    return _is_scalar(value, hint)


def _fit_in_order(values: tuple[Any, ...], args: tuple[Any, ...]) -> bool:
    if len(args) == 2 and args[1] is Ellipsis:
        return all(fits(each, args[0]) for each in values)
    return len(values) == len(args) and all(map(fits, values, args))


def _holds(array: np.ndarray, dtype: Any) -> bool:
    (scalar,) = get_args(dtype)
    return scalar is Any or np.issubdtype(array.dtype, get_origin(scalar) or scalar)


def _is_scalar(value: Any, hint: Any) -> bool:
    if hint is None or hint is types.NoneType:
        return value is None
    if hint is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is hint
