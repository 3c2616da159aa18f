"""What runs where, as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlci.reports.stages import described

_HEAD = ("environment", "model", "serves", "since commit", "verdict", "tip asks for", "state")


def render(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line a model and environment, then what is under way and why the rest isn't HEALTHY."""
    if not rows:
        return "no releases"
    lines = [_HEAD, *map(_cells, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(_HEAD))]
    table = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in lines]
    reasons = [
        f"{row['model']}/{row['environment']} {row['state']}: {row['reason']}"
        for row in rows
        if row["reason"] and row["state"] not in ("HEALTHY", "ADOPTED")
    ]
    under_way = [line for row in rows if row["delivering"] for line in _under_way(row)]
    return "\n".join([*(line.rstrip() for line in table), *under_way, *reasons])


def _under_way(row: Mapping[str, Any]) -> list[str]:
    """What the records know of it; its weight is the engine's, and is in the agent's metrics."""
    each, serving = row["delivering"], row["serving"]
    said = f"{row['model']}/{row['environment']}: {each['version']}"
    if each["state"] == "REGRESSED":
        return [
            f"{said} REGRESSED with nothing HEALTHY to go back to: it keeps its traffic unless the "
            "policy says `firstReleaseRegressed: stop`"
        ]
    where = f"beside {serving['version']}" if serving else "with all traffic: a first release"
    person = each["state"] == "PAUSED"
    waits = "a person" if person else "live traffic to decide"
    return [f"{said} is under way {where}; it waits for {waits}", *_stages(each)]


def _stages(delivering: Mapping[str, Any]) -> list[str]:
    """The step that a person is waited for is marked."""
    lines = described(delivering["stages"])
    marks = [each["step"] == delivering["pausedAt"] for each in delivering["stages"]]
    return [f"  {'>' if mark else ' '} {line}" for mark, line in zip(marks, lines, strict=True)]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    serving, delivering = row["serving"], row["delivering"]
    first = f"{delivering['version']}, not HEALTHY" if delivering else "nothing"
    return (
        row["environment"],
        row["model"],
        serving["version"] if serving else first,
        serving["commit"][:10] if serving else "-",
        (serving["verdict"] or "-") if serving else "-",
        (row["asked"] or "nothing").removeprefix("sha256:")[:10],
        row["state"],
    )
