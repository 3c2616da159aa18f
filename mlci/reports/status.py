"""What runs where, as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

_HEAD = ("environment", "model", "serves", "since commit", "verdict", "tip asks for", "state")


def render(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line a model and environment, then the reasons of what isn't HEALTHY."""
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
    return "\n".join([*(line.rstrip() for line in table), *reasons])


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    serving = row["serving"]
    return (
        row["environment"],
        row["model"],
        serving["version"] if serving else "nothing",
        serving["commit"][:10] if serving else "-",
        (serving["verdict"] or "-") if serving else "-",
        (row["asked"] or "nothing").removeprefix("sha256:")[:10],
        row["state"],
    )
