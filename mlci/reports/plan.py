"""A plan for people at a terminal."""

import math
import textwrap
from collections.abc import Mapping
from typing import Any

from mlci.records.judgement import Limit, LimitKind, Planned
from mlci.records.units import seconds_text
from mlci.reports import numbers
from mlci.reports.stages import described

_HEAD = ("judgement", "limit", "from", "can show")


def render(plan: Mapping[str, Any], width: int = 100) -> str:
    """What would be judged, against whom, and what this exam can show."""
    release, champion = plan["release"], plan["champion"]
    lines = [f"release   {release['path']} {release['version']} ({release['digest'][:19]}…)"]
    if champion:
        lines.append(
            f"champion  {champion['version']} {champion['state']} "
            f"(delivery {champion['delivery'][:12]}, commit {champion['commit'][:10]})"
        )
    else:
        lines.append("champion  none: a first release, absolute limits decide")
    for policy in plan["policies"]:
        lines += _policy(policy, width)
    exam = plan["evaluation"]
    lines.append(f"exam      {exam['name']}, {exam['rows']:,} rows ({exam['digest'][:19]}…)")
    if plan["held"]:
        lines += _wrapped(f"HELD      {plan['held']}", width)
    if plan["onRecord"]:
        lines.append(f"admitted  on its record, without a gate run: {plan['onRecord']}")
    if plan["judgements"]:
        lines += ["", *_judgements(plan, width), ""]
    for warning in plan["warnings"]:
        lines += _wrapped(f"warning: {warning}", width)
    return "\n".join([*lines, *_delivery(plan, width)])


def _policy(policy: Mapping[str, Any], width: int) -> list[str]:
    """What it asks beside its judgements: rules, and which failures it accepts."""
    pack = policy["extends"]
    notes = [f"extends {pack['name']} ({pack['digest'][:19]}…)"] if pack else []
    notes += [f"rule {each['id']}: {each['title']} ({each['control']})" for each in policy["rules"]]
    notes += [_waiver(each) for each in policy["waivers"]]
    lines = [f"policy    {policy['path']} at {policy['commit'][:10]} ({policy['digest'][:19]}…)"]
    for note in notes:
        lines += _wrapped(f"{' ' * 10}{note}", width, " " * 12)
    return lines


def _waiver(waiver: Mapping[str, Any]) -> str:
    what = waiver["gate"] + (f" ({waiver['metric']})" if waiver["metric"] else "")
    would = "would apply" if waiver["applies"] else f"would not apply: {waiver['why']}"
    return f"waiver of {what} by {waiver['approver']} until {waiver['expires']}, {would}"


def _delivery(plan: Mapping[str, Any], width: int) -> list[str]:
    watch = plan["watch"]
    lines = []
    if plan["judgements"]:
        lines.append(f"gate      at most {seconds_text(math.ceil(plan['gateSeconds']))}")
    stages = [f"{' ' * 10}{each}" for each in described(plan["stages"])]
    stages[0] = f"delivery{stages[0][8:]}"
    for each in stages:
        lines += _wrapped(each, width, " " * 13)
    lines += _wrapped(
        f"          promoted after {watch['minimumRequests']:,} requests and with evidence, "
        f"at most {seconds_text(watch['deadlineSeconds'])}",
        width,
    )
    kept = seconds_text(watch["keepWatchingSeconds"])
    return [*lines, f"          watched for {kept} after promotion"]


def _judgements(plan: Mapping[str, Any], width: int) -> list[str]:
    rows = [_cells(each) for each in plan["judgements"]]
    widths = [max(len(row[at]) for row in [_HEAD, *rows]) for at in range(len(_HEAD))]
    lines = [_row(_HEAD, widths), "  ".join("-" * each for each in widths)]
    for each, row in zip(plan["judgements"], rows, strict=True):
        lines.append(_row(row, widths))
        notes = [f"assuming {each['assuming']}"] if each["assuming"] else []
        notes += [f"warning: {each['warning']}"] if each["warning"] else []
        lines += _wrapped(f"    {'; '.join(notes)}", width, "    ") if notes else []
    return lines


def _cells(judgement: Mapping[str, Any]) -> tuple[str, ...]:
    planned, shown = _planned(judgement), judgement["detectable"]
    return (
        planned.id + ("" if planned.required else " (advice)"),
        numbers.limit(planned),
        f"{judgement['n']:,} {judgement['unit']}",
        "-" if shown is None else _shown(planned, shown),
    )


def _planned(judgement: Mapping[str, Any]) -> Planned:
    limit = judgement["limit"]
    return Planned(
        id=judgement["id"],
        policy=judgement["policy"],
        gate=judgement["gate"],
        metric=judgement["metric"],
        limit=Limit(kind=LimitKind(limit["kind"]), value=limit["value"]),
        required=judgement["required"],
        confidence=judgement["confidence"],
    )


def _shown(planned: Planned, shown: float) -> str:
    """In the limit's own unit: from where on, or up to where, the truth is shown."""
    limit = planned.limit.value
    match planned.limit.kind:
        case LimitKind.MINIMUM:
            return f"{numbers.number(limit + shown, planned)} or more"
        case LimitKind.MAXIMUM | LimitKind.OBJECTIVE:
            return f"{numbers.number(limit - shown, planned)} or less"
        case LimitKind.MINIMUM_RATIO:
            return f"{numbers.number(shown, planned)} or less"
    size = numbers.number(shown, planned).removeprefix("+")
    return f"within {size}" if planned.limit.kind.compared else f"{size} or more"


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(wide) for cell, wide in others)])


def _wrapped(text: str, width: int, indent: str = " " * 10) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False)
