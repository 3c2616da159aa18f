"""The JSON Schemas of everything that mlci reads and writes, as editors and checks use them."""

import json
from functools import cache
from importlib import resources
from typing import Any

_SUFFIX = ".json"


@cache
def names() -> tuple[str, ...]:
    """The schemas there are, sorted."""
    files = resources.files(__name__).iterdir()
    return tuple(
        sorted(file.name.removesuffix(_SUFFIX) for file in files if file.name.endswith(_SUFFIX))
    )


def read(name: str) -> dict[str, Any]:
    """One schema, with those that it refers to under its ``$defs``, so that it stands alone.

    Raises KeyError when there is no such schema.
    """
    if name not in names():
        raise KeyError(name)
    text = resources.files(__name__).joinpath(name + _SUFFIX).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    for other in names():
        if f'"$ref": "{other}{_SUFFIX}"' in text:
            schema["$defs"][other] = read(other)
    return schema
