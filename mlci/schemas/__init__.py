"""The JSON Schemas of everything that mlci reads and writes, as editors and checks use them."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_SUFFIX = ".json"


@cache
def names() -> tuple[str, ...]:
    """The schemas there are, sorted."""
    return tuple(sorted(file.stem for file in _FOLDER.glob(f"*{_SUFFIX}")))


def read(name: str) -> dict[str, Any]:
    """One schema, with those that it refers to under its ``$defs``, so that it stands alone.

    Raises KeyError when there is no such schema.
    """
    if name not in names():
        raise KeyError(name)
    text = (_FOLDER / f"{name}{_SUFFIX}").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    for other in names():
        if f'"$ref": "{other}{_SUFFIX}"' in text:
            schema["$defs"][other] = read(other)
    return schema


def flat(name: str) -> dict[str, Any]:
    """One schema without references, none of which is recursive: to follow one takes as long as a
    check. Raises KeyError as ``read`` does."""
    schema: dict[str, Any] = _flat(read(name), {})
    return schema


def _flat(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_flat(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    definitions = node.get("$defs", definitions)
    rest = {
        key: _flat(each, definitions)
        for key, each in node.items()
        if key not in ("$ref", "$defs", "$id")
    }
    if "$ref" not in node:
        return rest
    name = node["$ref"].removeprefix("#/$defs/").removesuffix(_SUFFIX)
    return _flat(definitions[name], definitions) | rest
