"""Tensors of the Open Inference Protocol V2: JSON <-> NumPy, exact or refused."""

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlci.serving.session import DTYPES, Array, Tensor

_DATATYPES = {np.dtype(dtype): datatype for datatype, dtype in DTYPES.items()}


class RequestError(ValueError):
    """The client's fault; the message names the tensor, what came and what is expected."""


class AnswerError(ValueError):
    """The model's answer can't be said in JSON."""


@dataclass(frozen=True, kw_only=True)
class InferenceRequest:
    """``feeds`` by input name; ``outputs`` are the names wanted, in the order of the answer."""

    id: str | None
    feeds: Mapping[str, Array]
    outputs: tuple[str, ...]


def decode(body: bytes, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> InferenceRequest:
    """The body of an inference request. Raises RequestError.

    An input that the model doesn't know is passed over: while traffic shifts between two versions,
    clients send what both of them need.
    """
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the body is no JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("inputs"), list):
        raise RequestError('the body is no inference request; expected {"inputs": [...]}')
    identity = document.get("id")
    if identity is not None and not isinstance(identity, str):
        raise RequestError(f"id: got {identity!r}, expected a string")
    known = {tensor.name: tensor for tensor in inputs}
    feeds: dict[str, Array] = {}
    for given in document["inputs"]:
        name = _name(given, "inputs")
        if name in feeds:
            raise RequestError(f"{name}: given twice")
        if name in known:
            feeds[name] = _array(given, known[name])
    missing = [name for name in known if name not in feeds]
    if missing:
        raise RequestError(f"{missing[0]}: missing; expected the inputs {_list(known)}")
    return InferenceRequest(id=identity, feeds=feeds, outputs=_wanted(document, outputs))


def encode(name: str, value: Array) -> dict[str, Any]:
    """One output as the protocol's tensor. Raises AnswerError on NaN and infinity."""
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise AnswerError(f"the model answers NaN or infinity in {name}, which JSON doesn't have")
    kind = np.dtype(np.object_) if value.dtype.kind in "OUS" else value.dtype
    return {
        "name": name,
        "datatype": _DATATYPES[kind],
        "shape": list(value.shape),
        "data": value.ravel().tolist(),
    }


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _name(given: Any, where: str) -> str:
    name = given.get("name") if isinstance(given, dict) else None
    if not isinstance(name, str):
        raise RequestError(f'{where}: got {_short(given)}, expected {{"name": ...}}')
    return name


def _wanted(document: Mapping[str, Any], outputs: Sequence[Tensor]) -> tuple[str, ...]:
    known = {tensor.name: tensor for tensor in outputs}
    asked = document.get("outputs")
    if asked is None:
        return tuple(known)
    if not isinstance(asked, list):
        raise RequestError(f"outputs: got {_short(asked)}, expected a list")
    names = dict.fromkeys(_name(given, "outputs") for given in asked)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise RequestError(f"{unknown[0]}: unknown; expected the outputs {_list(known)}")
    return tuple(names) or tuple(known)


def _array(given: Mapping[str, Any], tensor: Tensor) -> Array:
    name = tensor.name
    if given.get("datatype") != tensor.datatype:
        raise RequestError(
            f"{name}: got datatype {_short(given.get('datatype'))}, expected {tensor.datatype}"
        )
    shape = _shape(given.get("shape"), tensor)
    if "data" not in given:
        raise RequestError(f"{name}: no data; the binary tensor extension is not supported")
    flat = _flat(given["data"], shape, name)
    _check_types(flat, tensor)
    try:
        with np.errstate(over="ignore"):
            array = np.array(flat, dtype=DTYPES[tensor.datatype])
    except (OverflowError, ValueError) as error:
        raise RequestError(f"{name}: {error}") from None
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise RequestError(f"{name}: got a number beyond the range of {tensor.datatype}")
    return array.reshape(shape)


def _shape(given: Any, tensor: Tensor) -> tuple[int, ...]:
    fits = (
        isinstance(given, list)
        and len(given) == len(tensor.shape)
        and all(type(extent) is int and extent >= 0 for extent in given)
        and all(want in (-1, extent) for extent, want in zip(given, tensor.shape, strict=True))
    )
    if not fits:
        raise RequestError(
            f"{tensor.name}: got shape {_short(given)}, expected {list(tensor.shape)}"
            + (" (-1 is any)" if -1 in tensor.shape else "")
        )
    return tuple(given)


def _flat(data: Any, shape: tuple[int, ...], name: str) -> list[Any]:
    """The elements in row-major order, from flat or from nested lists."""
    if not isinstance(data, list):
        raise RequestError(f"{name}: got data {_short(data)}, expected a list")
    level: list[Any] = data
    if len(shape) > 1 and any(isinstance(item, list) for item in data):
        for length in shape[1:]:
            if not all(isinstance(item, list) and len(item) == length for item in level):
                raise RequestError(f"{name}: nested data don't have the shape {list(shape)}")
            level = list(itertools.chain.from_iterable(level))
    size = math.prod(shape)
    if len(level) != size:
        raise RequestError(f"{name}: got {len(level)} elements, expected {size} for {list(shape)}")
    return level


def _check_types(flat: list[Any], tensor: Tensor) -> None:
    allowed: set[type]
    if tensor.datatype == "BYTES":
        allowed = {str}
    elif tensor.datatype == "BOOL":
        allowed = {bool}
    elif tensor.datatype.startswith("FP"):
        allowed = {int, float}
    else:
        allowed = {int}
    if not set(map(type, flat)) <= allowed:
        wrong = next(item for item in flat if type(item) not in allowed)
        expected = " or ".join(sorted(kind.__name__ for kind in allowed))
        raise RequestError(
            f"{tensor.name}: got {_short(wrong)} among the data, expected {expected}"
        )


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
