"""The strict YAML loader: JSON's values, each with its place, and nothing that surprises.

It reads the events of PyYAML's C parser, so that no tag is ever constructed and no alias ever
expanded. Time and memory are bounded by the size of the text, whatever is in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from mlci.errors import BadInput, Invalid
from mlci.manifest.problems import MOST, show
from mlci.manifest.scalars import NotJsonError, read_plain
from mlci.manifest.text import decode, hidden
from mlci.records.digest import digest_of
from mlci.records.source import Key, Source

DEEPEST = 50  # collections inside each other
MOST_VALUES = 50_000

Keys = tuple[Key, ...]


class Misread(str):
    """Stands for a value that was refused, so that nothing more is said about it."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class Document:
    """``value`` in JSON's types; a mapping's entry has its place at the key, an item at itself."""

    value: Any = field(repr=False)
    source: Source


def load(path: str, content: bytes) -> Document:
    """Reads one document. Raises Invalid with every problem of the text."""
    document, problems = scan(path, content)
    if document is None or problems:
        raise Invalid(tuple(problems))
    return document


def scan(path: str, content: bytes) -> tuple[Document | None, list[BadInput]]:
    """Reads on behind whatever can be stepped over, so that the rest can be looked at too.

    The document is None where the text has no value. Raises Invalid for bytes that are no text.
    """
    decode(path, content)
    reader = _Reader(path)
    try:
        value = reader.document(iter(yaml.CSafeLoader(content).get_event, None))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        found = "; ".join(filter(None, (error.context, error.problem)))
        reader.problems.append(reader.at(mark, f"a mistake in the YAML syntax ({found})", "YAML"))
        return None, reader.problems
    except _Stop:
        return None, reader.problems
    source = Source(path=path, digest=digest_of(content), content=content, places=reader.places)
    return Document(value=value, source=source), reader.problems


class _Stop(Exception):
    pass


class _Reader:
    def __init__(self, path: str) -> None:
        self._path = path
        self._events: Iterator[Any] = iter(())
        self.problems: list[BadInput] = []
        self.places: dict[Keys, tuple[int, int]] = {}
        self._values = 0

    def at(self, mark: Any, found: str, expected: str, next_step: str = "") -> BadInput:
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        place = f"{self._path}:{line}:{column}"
        return BadInput(place=place, found=found, expected=expected, next_step=next_step)

    def add(self, mark: Any, found: str, expected: str, next_step: str = "") -> None:
        self.problems.append(self.at(mark, found, expected, next_step))
        if len(self.problems) == MOST:
            self.problems.append(
                self.at(None, f"{MOST} problems, behind which nothing was read", "fewer")
            )
            raise _Stop

    def document(self, events: Iterator[Any]) -> Any:
        self._events = events
        next(events)  # the stream's start
        if isinstance(start := next(events), StreamEndEvent):
            self.add(None, "an empty document", "apiVersion, kind, metadata and spec")
            raise _Stop
        root = next(events)
        self.places[()] = _place(root if not isinstance(root, AliasEvent) else start)
        value = self._node(root, (), 0)
        next(events)  # the document's end
        if isinstance(second := next(events), DocumentStartEvent):
            self.add(second.start_mark, "a second document", "one document a file")
            raise _Stop
        return value

    def _node(self, event: Any, keys: Keys, depth: int) -> Any:
        self._values += 1
        if self._values > MOST_VALUES:
            self.add(event.start_mark, f"more than {MOST_VALUES} values", "a smaller file")
            raise _Stop
        # An alias has an anchor and no tag.
        if event.anchor is not None or event.tag is not None:
            return self._adorned(event, keys, depth)
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        return self._collection(event, keys, depth)

    def _adorned(self, event: Any, keys: Keys, depth: int) -> Any:
        """What has an anchor or a tag, or is an alias: refused, and read on behind it."""
        if event.anchor is not None:
            name = show(event.anchor)
            if isinstance(event, AliasEvent):
                self.add(event.start_mark, f"an alias of {name}", "the value written out")
                return Misread()
            self.add(event.start_mark, f"the anchor {name}", "values without anchors")
        if event.tag is not None:
            tag = show(event.tag.replace("tag:yaml.org,2002:", "!!"))
            self.add(event.start_mark, f"the tag {tag}", "values without tags")
        if isinstance(event, ScalarEvent):
            return self._scalar(event) if event.tag is None else Misread(event.value)
        value = self._collection(event, keys, depth)
        return value if event.tag is None else Misread()

    def _collection(self, event: Any, keys: Keys, depth: int) -> list[Any] | dict[str, Any]:
        if depth >= DEEPEST:
            self.add(
                event.start_mark,
                f"more than {DEEPEST} collections inside each other",
                "a flatter document",
            )
            raise _Stop
        if isinstance(event, MappingStartEvent):
            return self._mapping(keys, depth + 1)
        return self._sequence(keys, depth + 1)

    def _sequence(self, keys: Keys, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            inner = (*keys, len(items))
            self.places[inner] = _place(event)
            items.append(self._node(event, inner, depth))
        return items

    def _mapping(self, keys: Keys, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._key(event, keys, depth)
            if key is None:
                self._node(next(self._events), keys, depth)
                continue
            inner = (*keys, key)
            if key in entries:
                first = ":".join(map(str, self.places[inner]))
                self.add(
                    event.start_mark,
                    f"the key {show(key)} a second time",
                    "each key once",
                    f"the first is at {first}",
                )
            else:
                self.places[inner] = _place(event)
            # The first value stays: what follows a duplicate is refused anyway.
            entries.setdefault(key, self._node(next(self._events), inner, depth))
        return entries

    def _key(self, event: Any, keys: Keys, depth: int) -> str | None:
        """None for a key that was refused."""
        if isinstance(event, ScalarEvent) and event.value == "<<" and not event.style:
            self.add(event.start_mark, "the merge key <<", "the keys written out")
            return None
        before = len(self.problems)
        key = self._node(event, keys, depth)
        if type(key) is str:  # and no Misread
            return key
        if len(self.problems) == before:
            self.add(event.start_mark, f"{show(key)} as a key", "a key that is a string")
        return None

    def _scalar(self, event: ScalarEvent) -> Any:
        text: str = event.value
        if not event.style:
            try:
                return read_plain(text)
            except NotJsonError as error:
                shown = f"{text[:60]} without quotes" if text else "nothing"
                self.add(event.start_mark, shown, str(error))
                return Misread(text)
        if event.style == '"' and (at := hidden(text)) is not None:
            found = f"an escape for the character U+{ord(text[at]):04X}"
            self.add(event.start_mark, found, "text without control characters")
        return text


def _place(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1
