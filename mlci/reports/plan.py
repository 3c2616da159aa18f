"""A plan for people at a terminal."""

import textwrap
from collections.abc import Mapping
from typing import Any


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
    lines += [
        f"policy    {policy['path']} at {policy['commit'][:10]} ({policy['digest'][:19]}…)"
        for policy in plan["policies"]
    ]
    lines.append(f"exam      {plan['evaluation']['name']}, {plan['evaluation']['rows']:,} rows")
    if plan["held"]:
        lines += _wrapped(f"HELD      {plan['held']}", width)
    lines += ["", *_judgements(plan, width), ""]
    for warning in plan["warnings"]:
        lines += _wrapped(f"warning: {warning}", width)
    steps = " -> ".join(f"{s['weight']} % for {_time(s['bakeSeconds'])}" for s in plan["steps"])
    watch = plan["watch"]
    lines.append(f"gate      at most {_time(plan['gateSeconds'])}")
    lines.append(
        f"delivery  {steps}; promoted after {watch['minimumRequests']:,} requests and with "
        f"evidence, at most {_time(watch['deadlineSeconds'])}"
    )
    lines.append(f"          watched for {_time(watch['keepWatchingSeconds'])} after promotion")
    return "\n".join(lines)


def _judgements(plan: Mapping[str, Any], width: int) -> list[str]:
    head = ("judgement", "limit", "rows", "can show")
    rows = [
        (
            each["id"] + ("" if each["required"] else " (advice)"),
            f"{each['limit']['value']:g}",
            f"{each['n']:,}" if each["n"] is not None else "-",
            f"{each['detectable']:.4f}" if each["detectable"] is not None else "-",
        )
        for each in plan["judgements"]
    ]
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    lines = [_row(head, widths), "  ".join("-" * each for each in widths)]
    for each, row in zip(plan["judgements"], rows, strict=True):
        lines.append(_row(row, widths))
        note = each.get("warning") or ""
        assuming = f"assuming {each['assuming']}" if each["detectable"] is not None else ""
        text = "; ".join(part for part in (assuming, f"warning: {note}" if note else "") if part)
        lines += textwrap.wrap(text, width, initial_indent="    ", subsequent_indent="    ")
    return lines


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(wide) for cell, wide in others)])


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="          ")


def _time(seconds: float) -> str:
    """``90 s``, ``5 min``, ``2 h``: the largest unit that leaves no tail."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
