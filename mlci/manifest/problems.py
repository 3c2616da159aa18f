"""Collecting what is wrong with a text, each problem with its place."""

import json
from collections.abc import Iterable
from itertools import islice
from typing import Any

from mlci.errors import BadInput, Invalid
from mlci.records.source import Key, Source

# A file with more mistakes than this isn't a manifest; reading on would only cost memory.
MOST = 500
_SHOWN = 60  # characters of a text
_NAMES = 20
_WORDS = {dict: "a mapping", list: "a list", type(None): "null"}


class Problems:
    """The problems of one document, in the order they were found."""

    def __init__(self, source: Source, found: Iterable[BadInput] = ()) -> None:
        self._source = source
        self.found = list(found)

    def add(self, keys: tuple[Key, ...], found: str, expected: str, next_step: str = "") -> None:
        """Reports the value that ``keys`` lead to."""
        self.found.append(problem(self._source, keys, found, expected, next_step))

    def raise_if_any(self) -> None:
        """Raises Invalid with every problem found."""
        if self.found:
            raise Invalid(tuple(self.found))


def problem(
    source: Source, keys: tuple[Key, ...], found: str, expected: str, next_step: str = ""
) -> BadInput:
    return BadInput(place=source.at(*keys), found=found, expected=expected, next_step=next_step)


def too_many(source: Source) -> BadInput:
    """The last word on a file that is not worth reading on."""
    return problem(source, (), f"{MOST} problems, behind which nothing was read", "fewer")


def nearest(word: object, names: Iterable[object]) -> str:
    """``nearest: 'accuracy'`` if one of the first ``names`` is close to ``word``, else ""."""
    import difflib  # here, for what is right needs none of it

    known = [str(name) for name in islice(names, MOST)]
    close = difflib.get_close_matches(str(word), known, n=1, cutoff=0.6)
    return f"nearest: {show(close[0])}" if close else ""


def show(value: Any) -> str:
    """A value as messages quote it: short, on one line, nothing in it that a terminal obeys."""
    if type(value) in _WORDS:
        return _WORDS[type(value)]
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…")
    return json.dumps(value)


def one_of(names: Iterable[object]) -> str:
    """``one of 'a', 'b'``; a single name stands alone."""
    known = list(names)
    shown = ", ".join(show(name) for name in known[:_NAMES])
    more = f" and {len(known) - _NAMES} more" if len(known) > _NAMES else ""
    return shown if len(known) == 1 else f"one of {shown}{more}"


def printable(text: str) -> str:
    """``text`` with all that can't be shown written as escapes; for names of files."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
