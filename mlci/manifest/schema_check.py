"""A document against its JSON Schema: every violation with its place and the nearest valid name."""

import re
from collections.abc import Iterator, Mapping, Sized
from functools import cache
from typing import Any

import jsonschema
from jsonschema import Draft202012Validator, validators

from mlci import schemas
from mlci.errors import BadInput
from mlci.manifest.conforms import pattern, repeated
from mlci.manifest.problems import MOST, nearest, one_of, problem, show, too_many
from mlci.manifest.shape import Shape
from mlci.manifest.yaml import Keys, Misread
from mlci.records.source import Source

# What is in a mapping or a list still counts where these are violated.
_OF_THE_WHOLE = frozenset(
    ["required", "uniqueItems", "minItems", "maxItems", "minProperties", "maxProperties"]
)
# A value of a mapping has its key's place.
_NUMBER = re.compile(r"(?:[^:\n]*:\s+)?(-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)")
_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def violations(source: Source, value: Any, schema: str | Mapping[str, Any]) -> Shape:
    """What in ``value`` the schema, or that of the name, doesn't admit, each once; at most MOST of
    it."""
    told: dict[tuple[str, str, str], BadInput] = {}
    refused: set[Keys] = set()
    unknown: set[Keys] = set()
    for keys, validator, each in _violations(source, value, schema):
        told.setdefault((each.place, each.found, each.expected), each)
        if validator == "additionalProperties":
            unknown.add(keys)
        elif validator not in _OF_THE_WHOLE:
            refused.add(keys)
        if len(told) == MOST:
            told["", "", ""] = too_many(source)
            break
    return Shape(
        problems=tuple(told.values()), refused=frozenset(refused), unknown=frozenset(unknown)
    )


def _violations(
    source: Source, value: Any, schema: str | Mapping[str, Any]
) -> Iterator[tuple[Keys, str, BadInput]]:
    validator = _named(schema) if isinstance(schema, str) else _validator(schema)
    for error in validator.iter_errors(value):
        keys = tuple(error.absolute_path)
        if isinstance(error.instance, Misread):
            continue  # its text's problem says it all
        if error.validator == "additionalProperties":
            for key, each in _unknown(source, keys, error):
                yield (*keys, key), error.validator, each
        else:
            yield keys, error.validator, _told(source, keys, error)


@cache
def _named(schema: str) -> Any:
    return _validator(schemas.flat(schema))


def _validator(schema: Mapping[str, Any]) -> Any:
    whole: Any = validators.extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, {"pattern": _pattern, "uniqueItems": _unique}
    )
    return whole(schema)


def _pattern(_validator: Any, text: str, instance: Any, _schema: Any) -> Iterator[Any]:
    if isinstance(instance, str) and not pattern(text).search(instance):
        yield jsonschema.ValidationError(f"does not match {text}")


def _unique(_validator: Any, unique: bool, instance: Any, _schema: Any) -> Iterator[Any]:
    # jsonschema's own compares every pair of items that can't be sorted.
    for index, item in repeated(instance if unique and isinstance(instance, list) else []):
        yield jsonschema.ValidationError("is there twice", path=(index,), instance=item)


def _unknown(source: Source, keys: Keys, error: Any) -> Iterator[tuple[str, BadInput]]:
    value, known = error.instance, error.schema.get("properties", {})
    for key in value:
        if key not in known:
            near = nearest(key, [name for name in known if name not in value])
            found = f"unknown key {show(key)}"
            yield key, problem(source, (*keys, key), found, _keys(known, value), near)


def _told(source: Source, keys: Keys, error: Any) -> BadInput:
    value, schema, limit = error.instance, error.schema, error.validator_value
    match error.validator:
        case "required":
            # jsonschema reports each missing key by itself; its message begins with the key.
            key = next(key for key in limit if error.message.startswith(f"{key!r} "))
            wanted = "the keys " + ", ".join(map(show, limit))
            return problem(source, keys, f"no key {show(key)}", wanted)
        case "enum":
            advice = "; ".join(filter(None, (nearest(value, limit), schema.get("description"))))
            return problem(source, keys, show(value), one_of(limit), advice)
        case "const":
            return problem(source, keys, show(value), show(limit), nearest(value, [limit]))
        case "uniqueItems":
            return problem(source, keys, f"{show(value)} again", "each item once")
        case "minItems" | "minProperties":
            return problem(source, keys, _count(value), f"at least {limit}")
        case "maxItems" | "maxProperties":
            return problem(source, keys, _count(value), f"at most {limit}")
        case "type":
            advice = _quote(schema, value, limit)
            return problem(
                source, keys, _written(source, keys, value), _kind(schema, limit), advice
            )
    return problem(source, keys, show(value), _described(error.validator, limit, schema))


def _keys(known: Mapping[str, Any], value: Mapping[str, Any]) -> str:
    left = [key for key in known if key not in value]
    return one_of(left) if left else "no further key"


def _count(value: Sized) -> str:
    return "1 entry" if len(value) == 1 else f"{len(value)} entries"


def _kind(schema: Mapping[str, Any], types: str | list[str]) -> str:
    if "description" in schema and "properties" not in schema:
        return str(schema["description"])
    listed = [types] if isinstance(types, str) else types
    return " or ".join(_TYPES[each] for each in listed)


def _written(source: Source, keys: Keys, value: Any) -> str:
    """A number as it stands in the file: what should be a string may be 1.10, which isn't 1.1."""
    if isinstance(value, float) and keys in source.places:
        line, column = source.places[keys]
        text = source.content.decode(errors="replace").split("\n")[line - 1][column - 1 :]
        number = _NUMBER.match(text)
        if number is not None and float(number[1]) == value:
            return number[1]
    return show(value)


def _quote(schema: Mapping[str, Any], value: Any, types: str | list[str]) -> str:
    """Advice for a number that would do as a string."""
    if types != "string" or not isinstance(value, int | float):
        return ""
    would_do = pattern(schema.get("pattern", "")).search(str(value))
    return "put it in quotes" if would_do else ""


_LIMITS = {
    "minimum": "{} or more",
    "maximum": "{} or less",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
}


def _described(validator: str, limit: Any, schema: Mapping[str, Any]) -> str:
    if "description" in schema:
        return str(schema["description"])
    return _LIMITS[validator].format(limit) if validator in _LIMITS else f"{validator}: {limit}"
