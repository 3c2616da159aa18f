"""Expectations that fit their column's type, and that some value could meet."""

from collections.abc import Callable, Mapping
from typing import Any

from mlci.manifest.document import dig
from mlci.manifest.meaning.evaluation_set import EXPECTATIONS
from mlci.manifest.problems import Problems, one_of, show
from mlci.manifest.yaml import Keys, Misread
from mlci.records.expectations import Kind
from mlci.records.moments import day, timestamp

_BOUNDS = ("minimum", "maximum")
_NUMBERS = (Kind.INTEGER, Kind.NUMBER)
_MOMENTS: Mapping[Kind, Callable[[str], Any]] = {Kind.TIMESTAMP: timestamp, Kind.DATE: day}
_LISTED = (Kind.INTEGER, Kind.NUMBER, Kind.STRING, Kind.BOOLEAN)
# Which kinds a key means something for.
_OF: Mapping[str, tuple[Kind, ...]] = {
    "minimum": (*_NUMBERS, *_MOMENTS),
    "maximum": (*_NUMBERS, *_MOMENTS),
    "oneOf": _LISTED,
    "pattern": (Kind.STRING,),
}
_WORDS = {
    Kind.TIMESTAMP: "a timestamp such as '2026-01-31T10:20:30Z'",
    Kind.DATE: "a date such as '2026-01-31'",
}


def check(value: Any, problems: Problems) -> None:
    """Adds limits that don't fit their column's type, or that nothing could meet."""
    columns = dig(value, *EXPECTATIONS, "columns")
    for name, spec in columns.items() if isinstance(columns, dict) else ():
        if isinstance(spec, dict):
            _check_column(spec, (*EXPECTATIONS, "columns", name), problems)
    rows = dig(value, *EXPECTATIONS, "rows")
    least, most = dig(rows, "minimum"), dig(rows, "maximum")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        problems.add(
            (*EXPECTATIONS, "rows", "maximum"), f"{most} below the minimum", f"{least} or more"
        )


def _check_column(spec: Mapping[str, Any], keys: Keys, problems: Problems) -> None:
    word = spec.get("type")
    kind = Kind(word) if isinstance(word, str) and word in list(Kind) else None
    for key, kinds in _OF.items():
        if key not in spec:
            continue
        if "type" not in spec:
            problems.add((*keys, key), f"a {key} without a type", f"type: {_words(kinds)}")
        elif kind is not None and kind not in kinds:
            problems.add(
                (*keys, key), f"a {key} of a {kind}", f"a type that has one: {_words(kinds)}"
            )
    if kind in _OF["minimum"]:
        _check_bounds(spec, kind, keys, problems)
    if kind in _LISTED:
        _check_listed(spec, kind, keys, problems)
    pattern = spec.get("pattern")
    wrong = unreadable(pattern) if _is_plain(pattern) and isinstance(pattern, str) else ""
    if wrong:
        problems.add((*keys, "pattern"), wrong, "a regular expression that RE2 reads")


def _words(kinds: tuple[Kind, ...]) -> str:
    return one_of([kind.value for kind in kinds])


def _check_bounds(spec: Mapping[str, Any], kind: Kind, keys: Keys, problems: Problems) -> None:
    read: list[Any] = []
    for key in _BOUNDS:
        value: Any = spec.get(key)
        if not _is_plain(value) or isinstance(value, bool):
            continue
        try:
            read.append(_bound(value, kind))
        except ValueError:
            problems.add((*keys, key), show(value), _WORDS.get(kind, "a number"))
    if len(read) == 2:
        if kind is Kind.TIMESTAMP and (read[0].tzinfo is None) != (read[1].tzinfo is None):
            found = "a maximum and a minimum of which only one has an offset"
            problems.add((*keys, "maximum"), found, "an offset such as Z for both, or for none")
        elif read[0] > read[1]:
            found = f"{show(spec['maximum'])} below the minimum"
            problems.add((*keys, "maximum"), found, f"{show(spec['minimum'])} or more")


def _bound(value: str | int | float, kind: Kind) -> Any:
    if isinstance(value, str) != (kind in _MOMENTS):
        raise ValueError(f"{value!r} is no {kind}")
    return _MOMENTS[kind](value) if isinstance(value, str) else value


def _check_listed(spec: Mapping[str, Any], kind: Kind, keys: Keys, problems: Problems) -> None:
    listed = spec.get("oneOf")
    for index, value in enumerate(listed if isinstance(listed, list) else ()):
        if _is_plain(value) and not _is(value, kind):
            problems.add((*keys, "oneOf", index), show(value), f"values of the type {kind}")


def _is_plain(value: Any) -> bool:
    """A value to look at: neither absent nor refused before."""
    return isinstance(value, str | int | float) and not isinstance(value, Misread)


def _is(value: str | int | float, kind: Kind) -> bool:
    if isinstance(value, bool):
        return kind is Kind.BOOLEAN
    if isinstance(value, str):
        return kind is Kind.STRING
    return kind is Kind.NUMBER or (kind is Kind.INTEGER and float(value).is_integer())


def unreadable(pattern: str) -> str:
    """What is wrong with a regular expression, or nothing; read as the data will be."""
    import pyarrow as pa  # only where a pattern is: reading other documents stays fast
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        return " ".join(str(error).split())
    return ""
