"""A verdict for people at a terminal: a table, the reasons beneath its rows, what to do next."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from mlci.records.judgement import Judgement
from mlci.records.outcome import Outcome
from mlci.records.verdict import Verdict
from mlci.reports import numbers
from mlci.reports.json import from_json

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
TOLERATED = "Next: merge, if you accept what could not be decided; the policy allows it."


def render(document: Mapping[str, Any], width: int = 100, *, colour: bool = False) -> str:
    """``document`` is a verdict in its JSON form, just made or recorded before.

    ``width`` bounds the reasons' lines; rows of the table are never cut. No escape sequence is
    written unless ``colour``, whatever the names in the data hold. Raises Broken for another
    document.
    """
    verdict = from_json(document, "verdict")
    if not verdict.judgements:
        return "\n".join(_summary(verdict, width, colour))
    rows = [_cells(each) for each in verdict.judgements]
    widths = [max(cell_len(row[at]) for row in [HEADER, *rows]) for at in range(len(HEADER))]
    lines = [_row(HEADER, widths), "  ".join("-" * each for each in widths)]
    for judgement, row in zip(verdict.judgements, rows, strict=True):
        lines.append(_painted(_row(row, widths), judgement.outcome, colour))
        lines += _reason(judgement, width)
    return "\n".join([*lines, "", *_summary(verdict, width, colour)])


def _cells(judgement: Judgement) -> tuple[str, ...]:
    planned = judgement.planned
    outcome = judgement.outcome.value + ("" if planned.required else " (advice)")
    return (
        _safe(planned.id),
        outcome,
        numbers.estimate(judgement),
        numbers.interval(judgement),
        numbers.limit(planned),
        f"{judgement.n:,}",
    )


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = []
    for at, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (width - cell_len(cell))
        padded.append(space + cell if at in RIGHT else cell + space)
    return "  ".join(padded).rstrip()


def _painted(row: str, outcome: Outcome, colour: bool) -> str:
    if not colour:
        return row
    return row.replace(f"  {outcome.value}", f"  \x1b[{COLOURS[outcome]}m{outcome.value}\x1b[0m", 1)


def _reason(judgement: Judgement, width: int) -> list[str]:
    return textwrap.wrap(
        _safe(judgement.reason),
        max(width, 40),
        initial_indent="    ",
        subsequent_indent="    ",
        break_on_hyphens=False,
    )


def _summary(verdict: Verdict, width: int, colour: bool) -> list[str]:
    release, champion = verdict.release, verdict.champion
    against = f"against {champion.version}" if champion else "a first release"
    required = [each for each in verdict.judgements if each.planned.required]
    counts = ", ".join(
        f"{sum(each.outcome is outcome for each in required)} {outcome.value}"
        for outcome in Outcome
        if any(each.outcome is outcome for each in required)
    )
    tolerated = verdict.admits and verdict.outcome is Outcome.INCONCLUSIVE
    line = (
        f"  {verdict.outcome.value}: {release.model} {release.version} for {release.environment}, "
        f"{against}; {verdict.reason or f'{counts} required'}"
        + ("; admitted, since the policy allows INCONCLUSIVE" if tolerated else "")
    )
    on_record = verdict.admits and not verdict.judgements
    next_step = TOLERATED if tolerated else ON_RECORD if on_record else NEXT[verdict.outcome]
    wrapped = textwrap.wrap(next_step, max(width, 40))
    return [_painted(_safe(line), verdict.outcome, colour).strip(), *wrapped]


def _safe(text: str) -> str:
    """Names from data and manifests can't move the cursor or colour the terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)
