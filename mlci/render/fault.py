"""What is wrong with a rendered object, found by looking at it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """``path`` leads to the value within the object of that kind and name."""

    kind: str
    name: str
    path: Path
    found: str
    expected: str


def dig(value: Any, *path: str | int) -> Any:
    """What the path leads to, or None; a word on the way through a list is an item's name."""
    for key in path:
        if type(value) is dict:
            value = value.get(key)
        elif type(value) is not list:
            return None
        elif isinstance(key, int):
            value = value[key] if key < len(value) else None
        else:
            value = next((each for each in value if dig(each, "name") == key), None)
    return value


def mappings(value: Any, *path: str | int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The mappings in the list that the path leads to, each with its index."""
    items = dig(value, *path)
    for index, each in enumerate(items if isinstance(items, list) else []):
        if type(each) is dict:
            yield index, each


def number(value: Any, default: float = 0) -> float:
    """A number, or the default for anything else."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default
