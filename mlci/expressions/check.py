"""Checking a condition as it is written: its syntax, and every name in it.

The names are given to the checker as types of records, so that a misspelled field is found where it
stands, also inside ``has()`` and macros. Evaluation doesn't use those types: a field of theirs that
is missing has a default, and here a field that is missing has to be an error.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from mlci.errors import Broken
from mlci.expressions.shape import Shape, shapes

_AT = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_UNKNOWN = re.compile(r"undefined field '(\w+)' not found in struct 'mlci\.([\w.]+)'")
_UNDECLARED = re.compile(r"undeclared reference to '([^']+)'")


class WrongExpression(Exception):
    """``line`` and ``column`` count from 1 within the text; ``found`` says what is wrong there.

    Where that is an unknown name, it is ``name``, and ``known`` those that could stand there.
    """

    def __init__(
        self, line: int, column: int, found: str, name: str = "", known: tuple[str, ...] = ()
    ) -> None:
        self.line, self.column, self.found = max(line, 1), max(column, 1), found
        self.name, self.known = name, known
        super().__init__(f"{self.line}:{self.column}: {found}")


def check(text: str, place: str) -> None:
    """Raises WrongExpression, and Broken at ``place`` where no library reads CEL."""
    try:
        named, plain = _environments()
    except ImportError:
        raise Broken(
            place=place,
            found="a rule, and no library that reads CEL (cel-expr-python)",
            expected="mlci with its extra for rules",
            next_step="pip install 'mlci[rules]'",
        ) from None
    try:
        kind = named.compile(text).return_type().name()
        plain.compile(text)
    except RuntimeError as error:
        raise _wrong(str(error)) from None
    if kind not in ("BOOL", "DYN"):
        raise WrongExpression(1, 1, f"an expression of type {kind}")


@cache
def _environments() -> tuple[Any, Any]:
    """One that knows every field, and the one in which rules are evaluated."""
    from cel_expr_python import cel

    types = {name: cel.Type(f"mlci.{name}") for name in shapes()}
    return (
        cel.NewEnv(descriptor_pool=_pool(shapes()), variables=types),
        cel.NewEnv(variables=dict.fromkeys(shapes(), cel.Type.DYN)),
    )


def _pool(records: Mapping[str, Shape]) -> Any:
    """Each record as a message, whose leaves may hold anything."""
    from google.protobuf import descriptor_pb2, descriptor_pool, struct_pb2

    file = descriptor_pb2.FileDescriptorProto(
        name="mlci.proto",
        package="mlci",
        syntax="proto3",
        dependency=[struct_pb2.DESCRIPTOR.name],
    )
    for name, shape in records.items():
        _add(file, name, shape)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def _add(file: Any, name: str, shape: Shape) -> None:
    message = file.message_type.add(name=name)
    fields = shape.items() if isinstance(shape, Mapping) else ()
    for number, (key, inner) in enumerate(fields, start=1):
        field = message.field.add(name=key, number=number, type="TYPE_MESSAGE")
        field.label = "LABEL_REPEATED" if isinstance(inner, list) else "LABEL_OPTIONAL"
        item = inner[0] if isinstance(inner, list) else inner
        if item is None:
            field.type_name = ".google.protobuf.Value"
        else:
            field.type_name = f".mlci.{name}_{key}"
            _add(file, f"{name}_{key}", item)


def _wrong(message: str) -> WrongExpression:
    """The first thing that is wrong, out of the library's text."""
    match = _AT.search(message)
    if match is None:
        return WrongExpression(1, 1, _plain(message))
    line, column = int(match[1]), int(match[2])
    if unknown := _UNKNOWN.search(match[3]):
        name, around = unknown[1], unknown[2].split("_")
        found = f"no name {name!r} in {'.'.join(around)}"
        return WrongExpression(line, column, found, name, _fields(around))
    if undeclared := _UNDECLARED.search(match[3]):
        name = undeclared[1]
        return WrongExpression(line, column, f"no name {name!r}", name, tuple(shapes()))
    # What the parser could have gone on with is a list of all its tokens.
    return WrongExpression(line, column, match[3].split(" [", 1)[0].split(" expecting {", 1)[0])


def _plain(message: str) -> str:
    """Without the words that name a status code."""
    return message.splitlines()[0].split(" [", 1)[0].split(": ", 1)[-1]


def _fields(path: Sequence[str]) -> tuple[str, ...]:
    shape: Shape = shapes()
    for key in path:
        shape = shape[key] if isinstance(shape, Mapping) else None
        shape = shape[0] if isinstance(shape, list) else shape
    return tuple(shape) if isinstance(shape, Mapping) else ()
