"""A verdict for people at a terminal: a table, the reasons beneath its rows, what to do next."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from mlci.records.judgement import Judgement
from mlci.records.outcome import Outcome
from mlci.records.rule import Ruling
from mlci.reports import numbers
from mlci.reports.contents import Contents, Item, read, waiver

HEADER = ("judgement", "outcome", "estimate", "interval", "limit", "n")
RIGHT = {2, 5}
COLOURS = {
    Outcome.PASS: "32",
    Outcome.FAIL: "31",
    Outcome.ERROR: "31",
    Outcome.INCONCLUSIVE: "33",
    Outcome.SKIPPED: "33",
}
NEXT = {
    Outcome.PASS: "Next: merge; the release is gated again when it is at the protected ref's tip.",
    Outcome.FAIL: "Next: mend the model, or change the policy in a change of its own.",
    Outcome.ERROR: "Next: mend what the reasons above name, then gate again.",
    Outcome.INCONCLUSIVE: "Next: give the gates what the reasons above miss (rows, requests, a "
    "wider margin), then gate again.",
}
ON_RECORD = "Next: merge; it is delivered without another gate."
RECORDED = "Next: nothing to do; it is on record what admits the release, and it is delivered."
TOLERATED = "Next: merge, if you accept what could not be decided; the policy allows it."


def render(
    document: Mapping[str, Any], width: int = 100, *, colour: bool = False, recorded: bool = False
) -> str:
    """``document`` is a verdict in its JSON form, just made or recorded before; ``recorded`` where
    it stands on the records branch, and its release at the protected ref's tip.

    No line is wider than ``width`` (at least 40): where the table doesn't fit, each judgement is
    a paragraph of its own. No escape sequence is written unless ``colour``, whatever the names in
    the data hold. Raises Broken for another document.
    """
    contents, width = read(document), max(width, 40)
    verdict = contents.verdict
    if not verdict.judgements:
        return "\n".join(_summary(contents, width, colour, recorded))
    rows = [_cells(each) for each in contents.items]
    widths = [max(cell_len(row[at]) for row in [HEADER, *rows]) for at in range(len(HEADER))]
    table = sum(widths) + 2 * (len(widths) - 1) <= width
    lines = [_row(HEADER, widths), "  ".join("-" * each for each in widths)] if table else []
    for judgement, row in zip(verdict.judgements, rows, strict=True):
        shown = [_row(row, widths)] if table else _paragraph(judgement, row, width)
        lines += [_painted(shown[0], judgement.outcome, colour), *shown[1:]]
        lines += _wrapped(_reason(judgement), width, "    ")
    for ruling in verdict.rulings:
        lines += _ruled(ruling, width, colour)
    return "\n".join([*lines, "", *_summary(contents, width, colour, recorded)])


def _cells(item: Item) -> tuple[str, ...]:
    planned, judgement = item.planned, item.judgement
    return (
        _safe(planned.id),
        item.label,
        numbers.estimate(judgement),
        numbers.interval(judgement),
        numbers.limit(planned),
        f"{judgement.n:,}",
    )


def _paragraph(judgement: Judgement, row: Sequence[str], width: int) -> list[str]:
    """The outcome and the id; beneath them the numbers."""
    name, outcome, estimate, interval, limit, n = row
    if judgement.interval is None:
        values = f"no value; limit {limit}; n={n}"
    else:
        values = f"{estimate} [{interval}]; limit {limit}; n={n}"
    return [
        *_wrapped(f"{outcome}  {name}", width, ""),
        *_wrapped(values, width, "    "),
    ]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = []
    for at, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (width - cell_len(cell))
        padded.append(space + cell if at in RIGHT else cell + space)
    return "  ".join(padded).rstrip()


def _painted(row: str, outcome: Outcome, colour: bool) -> str:
    if not colour:
        return row
    before = "" if row.startswith(outcome.value) else "  "
    painted = f"\x1b[{COLOURS[outcome]}m{outcome.value}\x1b[0m"
    return row.replace(before + outcome.value, before + painted, 1)


def _ruled(ruling: Ruling, width: int, colour: bool) -> list[str]:
    first, *rest = _wrapped(_safe(f"{ruling.outcome.value}  {ruling.id}"), width, "")
    said = _safe(f"{ruling.title} ({ruling.control}): {ruling.reason}")
    return [_painted(first, ruling.outcome, colour), *rest, *_wrapped(said, width, "    ")]


def _reason(judgement: Judgement) -> str:
    """Who accepted it, why it came out so, what this size can show, and the size that would do."""
    parts = [_safe(waiver(judgement.waived))] if judgement.waived else []
    parts.append(_safe(judgement.reason))
    if judgement.detectable is not None:
        parts.append(f"this size shows {numbers.shows(judgement)}")
    if judgement.needed is not None:
        parts.append(f"n={numbers.needed(judgement)} would do")
    return "; ".join(parts)


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    """Lines of at most ``width`` cells, also of characters two cells wide."""
    lines = textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
    if all(cell_len(line) <= width for line in lines):
        return lines
    return textwrap.wrap(
        text,
        width // 2,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def _summary(contents: Contents, width: int, colour: bool, recorded: bool) -> list[str]:
    verdict = contents.verdict
    tolerated = verdict.admits and verdict.outcome is Outcome.INCONCLUSIVE
    line = f"{verdict.outcome.value}: {contents.headline}; {contents.summary}" + (
        "; admitted, since the policy allows INCONCLUSIVE" if tolerated else ""
    )
    on_record = verdict.admits and not verdict.judgements
    next_step = TOLERATED if tolerated else ON_RECORD if on_record else NEXT[verdict.outcome]
    if recorded and verdict.admits:
        next_step = RECORDED
    first, *rest = _wrapped(_safe(line), width, "")
    return [
        _painted(first, verdict.outcome, colour),
        *rest,
        *textwrap.wrap(next_step, width),
    ]


def _safe(text: str) -> str:
    """Names from data and manifests can't move the cursor or colour the terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)
