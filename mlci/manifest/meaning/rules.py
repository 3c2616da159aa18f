"""Rules with an id each, and conditions that can be read, to the column."""

from typing import Any

from mlci.errors import BadInput
from mlci.manifest.document import mappings
from mlci.manifest.problems import Problems, nearest, show
from mlci.records.source import Key, Source

_EXPECTED = "a condition in CEL over release, verdict and governance"


def check_rules(value: Any, source: Source, problems: Problems) -> None:
    """Raises Broken where there are rules and no library that reads CEL."""
    seen: dict[str, int] = {}
    for index, entry in mappings(value, "spec", "rules"):
        keys: tuple[Key, ...] = ("spec", "rules", index)
        first = seen.setdefault(str(entry.get("id")), index)
        if first != index:
            found = f"the rule {show(entry.get('id'))} a second time"
            problems.add((*keys, "id"), found, "each id once")
        text = entry.get("expression")
        if type(text) is str:  # not one that was misread
            problems.found.extend(_wrong(source, (*keys, "expression"), text))


def _wrong(source: Source, keys: tuple[Key, ...], text: str) -> list[BadInput]:
    # Most policies have no rules, and the library takes longer to load than they do to check.
    from mlci.expressions.check import WrongExpression, check

    try:
        check(text, source.at(*keys))
    except WrongExpression as wrong:
        place = _place(source, keys, text, wrong.line, wrong.column)
        close = nearest(wrong.name, wrong.known)
        return [BadInput(place=place, found=wrong.found, expected=_EXPECTED, next_step=close)]
    return []


def _place(source: Source, keys: tuple[Key, ...], text: str, line: int, column: int) -> str:
    """Where a character of a scalar's value stands in the file: its key's place, unless the line of
    the value stands in the file as it is, which escapes and folding don't leave it."""
    lines = text.split("\n")
    if keys not in source.places or line > len(lines) or not lines[line - 1].strip():
        return source.at(*keys)
    at, _ = source.places[keys]
    file = source.content.decode().splitlines()
    here = file[at - 1].find(lines[0]) if len(lines) == 1 else -1
    # In a block the value's first line is the one below its key.
    number = at if here >= 0 else at + line
    start = here if here >= 0 else _start(file, number, lines[line - 1])
    if start < 0:
        return source.at(*keys)
    return f"{source.path}:{number}:{start + column}"


def _start(file: list[str], number: int, line: str) -> int:
    """Where the line of a block begins, or -1 where the file has another one there."""
    there = file[number - 1] if number <= len(file) else ""
    return there.find(line) if there.strip() == line.strip() else -1
