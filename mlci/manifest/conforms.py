"""Whether a value conforms to its JSON Schema: yes or no, without a reason, and fast.

A schema becomes functions, one a keyword. Only the keywords that mlci's own schemas use are known;
another one raises KeyError when its schema is compiled. Of what doesn't conform, jsonschema finds
the reasons (``mlci.manifest.schema_check``); tests hold both to the same answer.
"""

import json
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from mlci import schemas

Test = Callable[[Any], bool]
Schema = Mapping[str, Any]

_CLASSES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_SCALARS = (str, int, float, bool, type(None))


def conforms(value: Any, schema: str) -> bool:
    """Whether the schema of that name admits ``value``.

    What is of a class that JSON doesn't have, such as a Misread, is of no ``type``.
    """
    return _whole(schema)(value)


@cache
def pattern(text: str) -> re.Pattern[str]:
    """A schema's pattern. Python's ``$`` also matches before a final line end, JSON Schema's
    doesn't."""
    return re.compile(f"{text.removesuffix('$')}\\Z" if text.endswith("$") else text)


def repeated(items: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """The items that were there before, each with its index; in linear time."""
    seen: set[str] = set()
    for index, item in enumerate(items):
        key = json.dumps(item, sort_keys=True)
        if key in seen:
            yield index, item
        seen.add(key)


@cache
def _whole(name: str) -> Test:
    return _test(schemas.flat(name))


def _test(schema: Schema | bool) -> Test:
    if isinstance(schema, bool):
        return lambda _value: schema
    makers = dict.fromkeys(_KEYWORDS[keyword] for keyword in schema if keyword not in _SILENT)
    tests = [make(schema) for make in makers]
    if len(tests) == 1:
        return tests[0]

    def every(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 (all() of a generator takes twice as long)
            if not test(value):
                return False
        return True

    return every


def _type(schema: Schema) -> Test:
    names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    classes = frozenset(each for name in names for each in _CLASSES[name])
    if "integer" not in names or float in classes:
        return lambda value: type(value) in classes
    return lambda value: type(value) in classes or (type(value) is float and value.is_integer())


def _enum(schema: Schema) -> Test:
    choices = schema["enum"] if "enum" in schema else [schema["const"]]
    # 1 and 1.0 are the same, 1 and true are not.
    known = frozenset((type(each) is bool, each) for each in choices)
    return lambda value: type(value) in _SCALARS and (type(value) is bool, value) in known


def _pattern(schema: Schema) -> Test:
    text = schema["pattern"]
    return lambda value: type(value) is not str or pattern(text).search(value) is not None


def _entries(schema: Schema) -> Test:
    known = {key: _test(each) for key, each in schema.get("properties", {}).items()}
    other = _test(schema.get("additionalProperties", True))

    def test(value: Any) -> bool:
        if type(value) is not dict:
            return True
        for key, each in value.items():  # noqa: SIM110
            if not known.get(key, other)(each):
                return False
        return True

    return test


def _required(schema: Schema) -> Test:
    wanted = frozenset(schema["required"])
    return lambda value: type(value) is not dict or wanted <= value.keys()


def _items(schema: Schema) -> Test:
    test = _test(schema["items"])
    return lambda value: type(value) is not list or all(map(test, value))


def _unique(schema: Schema) -> Test:
    if not schema["uniqueItems"]:
        return _test(True)
    return lambda value: type(value) is not list or not any(True for _ in repeated(value))


def _any(schema: Schema) -> Test:
    tests = [_test(each) for each in schema["anyOf"]]
    return lambda value: any(test(value) for test in tests)


def _all(schema: Schema) -> Test:
    tests = [_test(each) for each in schema["allOf"]]
    return lambda value: all(test(value) for test in tests)


def _if(schema: Schema) -> Test:
    condition, then, otherwise = (_test(schema.get(key, True)) for key in ("if", "then", "else"))
    return lambda value: then(value) if condition(value) else otherwise(value)


def _bound(
    keyword: str,
    classes: tuple[type, ...],
    measure: Callable[[Any], Any],
    admits: Callable[[Any, Any], bool],
    schema: Schema,
) -> Test:
    limit = schema[keyword]
    return lambda value: type(value) not in classes or admits(measure(value), limit)


def _number(value: Any) -> Any:
    return value


_BOUNDS: Mapping[str, tuple[tuple[type, ...], Callable[[Any], Any], Callable[[Any, Any], bool]]] = {
    "minimum": ((int, float), _number, operator.ge),
    "maximum": ((int, float), _number, operator.le),
    "exclusiveMinimum": ((int, float), _number, operator.gt),
    "exclusiveMaximum": ((int, float), _number, operator.lt),
    "minLength": ((str,), len, operator.ge),
    "maxLength": ((str,), len, operator.le),
    "minItems": ((list,), len, operator.ge),
    "maxItems": ((list,), len, operator.le),
    "minProperties": ((dict,), len, operator.ge),
    "maxProperties": ((dict,), len, operator.le),
}
_KEYWORDS: Mapping[str, Callable[[Schema], Test]] = {
    "type": _type,
    "enum": _enum,
    "const": _enum,
    "pattern": _pattern,
    "properties": _entries,
    "additionalProperties": _entries,
    "required": _required,
    "items": _items,
    "uniqueItems": _unique,
    "anyOf": _any,
    "allOf": _all,
    "if": _if,
    **{keyword: partial(_bound, keyword, *how) for keyword, how in _BOUNDS.items()},
}
# What says nothing by itself.
_SILENT = frozenset(["$schema", "title", "description", "examples", "default", "then", "else"])
