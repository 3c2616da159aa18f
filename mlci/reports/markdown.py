"""A verdict as Markdown, to be posted into a merge request by a bot that others obey.

Inert: names and reasons come from people and data, and a forge executes what a comment says. So
their characters that mean something to Markdown, HTML or a forge are written as character
references, and no line of the report begins with a slash.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlci.records.outcome import Outcome
from mlci.records.rule import Ruling
from mlci.reports import numbers
from mlci.reports.changes import Changes, between, worse
from mlci.reports.contents import Contents, Item, read, waiver

# GitLab's limit of a note; half of it leaves room for what a bot writes around the report.
LONGEST = 500_000
_LONGEST_TEXT = 2000
_PLAIN = " ,.;:-%+='()/\u2060"
# Signs of people, issues, merge requests, labels, milestones, snippets, epics; of bare addresses.
_LINKS = re.compile(r"[@#!~%$&](?=\w)|:(?=//)|(?i:\bwww)(?=\.)|\[(?=\[)")
_MARKS = {
    "PASS": "✅",
    "FAIL": "❌",
    "ERROR": "💥",
    "INCONCLUSIVE": "❔",
    "SKIPPED": "⏭️",
}
_HEAD = ("", "judgement", "estimate", "interval", "limit", "n")
_ALIGN = (":-:", ":--", "--:", ":-:", "--:", "--:")


def render(document: Mapping[str, Any], previous: Mapping[str, Any] | None = None) -> str:
    """``previous`` is the verdict of an earlier run. Raises Broken when either is no verdict."""
    contents = read(document)
    parts = [_head(contents), _failing(contents), _table(contents.items)]
    if contents.verdict.rulings:
        parts.append(_rules(contents.verdict.rulings))
    if previous is not None:
        parts.append(_changed(between(read(previous), contents)))
    parts += [_details(contents.items), _provenance(contents)]
    return _cut("\n\n".join(part for part in parts if part)) + "\n"


def inert(text: str) -> str:
    """Text that Markdown, HTML and a forge show and never act on, on one line.

    Anything but letters, digits and plain punctuation becomes a character reference. A forge looks
    for mentions and links in the rendered text too: a word joiner, which nobody sees, parts the
    sign from the name.
    """
    flat = " ".join(text.split())
    short = flat if len(flat) <= _LONGEST_TEXT else f"{flat[:_LONGEST_TEXT]}…"
    parted = _LINKS.sub(lambda found: f"{found[0]}\u2060", short)
    return "".join(map(_shown, parted))


def _shown(char: str) -> str:
    """What can't be printed is shown as the replacement character."""
    if char.isalnum() or char in _PLAIN:
        return char
    return f"&#{ord(char)};" if char.isprintable() else "\ufffd"


def _head(contents: Contents) -> str:
    outcome = contents.verdict.outcome.value
    lines = [f"## {_MARKS[outcome]} {outcome}: {inert(contents.headline)}", ""]
    lines.append(f"{inert(contents.summary)}.")
    if contents.tolerated:
        lines.append("Admitted, since the policy allows what could not be decided.")
    return "\n".join(lines)


def _failing(contents: Contents) -> str:
    """What stands against the release, before the whole table."""
    lines = [
        f"- **{inert(each.title)}** ({each.label}): {_value(each)}; {inert(each.judgement.reason)}"
        for each in contents.items
        if each.decides and each.outcome is not Outcome.PASS
    ]
    lines += [
        f"- **{inert(ruling.title)}** ({ruling.outcome.value}): {inert(ruling.reason)}"
        for ruling in contents.verdict.rulings
        if ruling.outcome is not Outcome.PASS
    ]
    lines += [
        f"- **{inert(each.title)}** ({each.label}): {inert(waiver(each.waived))}"
        for each in contents.items
        if each.waived is not None
    ]
    return "\n".join(lines)


def _value(item: Item) -> str:
    judgement = item.judgement
    if judgement.interval is None:
        return f"no value, limit {inert(numbers.limit(item.planned))}"
    return (
        f"{inert(numbers.estimate(judgement))} &#91;{inert(numbers.interval(judgement))}&#93;, "
        f"limit {inert(numbers.limit(item.planned))}, n {judgement.n:,}"
    )


def _table(items: Sequence[Item]) -> str:
    if not items:
        return ""
    rows = [
        (
            _MARKS[item.outcome.value],
            f"{inert(item.title)}, {item.asked}{_note(item)}",
            inert(numbers.estimate(item.judgement)),
            inert(numbers.interval(item.judgement)),
            inert(numbers.limit(item.planned)),
            f"{item.judgement.n:,}",
        )
        for item in items
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in (_HEAD, _ALIGN, *rows))


def _note(item: Item) -> str:
    """The word beside the mark: a waived failure is read as a failure, without the picture too."""
    return "" if item.label == Outcome.PASS else f" **{item.label}**"


def _rules(rulings: Iterable[Ruling]) -> str:
    lines = ["| | rule | control |", "| :-: | :-- | :-- |"]
    lines += [
        f"| {_MARKS[each.outcome.value]} | {inert(each.title)} **{each.outcome.value}** "
        f"| {inert(each.control)} |"
        for each in rulings
    ]
    return "\n".join(lines)


def _changed(changes: Changes) -> str:
    before = changes.before.verdict
    lines = [f"### Since the last run ({before.outcome.value}, {inert(before.finished)})", ""]
    lines += [f"- {inert(each)}" for each in changes.other]
    for old, new in changes.turned:
        mark = "⬇️" if worse(old, new) else "⬆️" if worse(new, old) else "↔️"
        lines.append(
            f"- {mark} {inert(new.title)}, {new.asked}: {old.label} → {new.label} "
            f"({_value(old)} → {_value(new)})"
        )
    lines += [f"- new: {inert(each.planned.id)} ({each.label})" for each in changes.added]
    lines += [f"- no longer judged: {inert(each.planned.id)}" for each in changes.gone]
    if len(lines) == 2:
        lines.append("No judgement came out otherwise.")
    return "\n".join(lines)


def _details(items: Sequence[Item]) -> str:
    lines = []
    for item in items:
        judgement, planned = item.judgement, item.planned
        parts = [f"- {inert(planned.id)} **{item.label}**: {inert(judgement.reason)}"]
        if judgement.detectable is not None:
            parts.append(f"this size shows {inert(numbers.shows(judgement))}")
        if judgement.needed is not None:
            parts.append(f"n {numbers.needed(judgement)} would do")
        if planned.place:
            parts.append(f"asked at {inert(planned.place)}")
        lines.append("; ".join(parts))
    return _folded("Reasons, and what this sample can show", lines) if lines else ""


def _provenance(contents: Contents) -> str:
    verdict = contents.verdict
    lines = [f"- release {inert(verdict.release.path)} {inert(verdict.release.digest)}"]
    lines.append(f"- model {inert(verdict.release.model_digest)}")
    if verdict.champion:
        lines.append(f"- champion {inert(verdict.champion.model_digest)}")
    lines += [
        f"- policy {inert(each.path)} at {inert(each.commit or 'no commit')}, {inert(each.digest)}"
        for each in verdict.policies
    ]
    exam, digest = verdict.evaluation
    lines.append(f"- exam {inert(exam)}{contents.worn} {inert(digest)}")
    lines.append(f"- {inert(verdict.started)} to {inert(verdict.finished)}")
    versions = ", ".join(f"{name} {version}" for name, version in verdict.versions.items())
    lines.append(f"- {inert(versions)}")
    return _folded("What was judged, and by what", lines)


def _folded(title: str, lines: Sequence[str]) -> str:
    body = "\n".join(lines)
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _cut(text: str) -> str:
    """Whole lines up to the limit, every fold closed, and a word that something is missing."""
    if len(text) <= LONGEST:
        return text
    kept = text[:LONGEST].rpartition("\n")[0]
    open_folds = kept.count("<details>") - kept.count("</details>")
    note = "**The report is longer than a note may be; verdict.json holds the rest.**"
    return "\n\n".join([kept, *(["</details>"] * open_folds), note])
