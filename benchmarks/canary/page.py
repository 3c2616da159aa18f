"""The rows as docs/tables/canary_rules.md: one line a traffic and rule."""

from typing import Any

HEAD = """\
# Canary rules on the same simulated traffic

Printed by `python benchmarks/canary_rules.py --page docs/tables/canary_rules.md`; what the rules
and the kinds of traffic are, and what follows: [benchmarks.md](../benchmarks.md#canary-rules).

"False": percent of runs in which an equal canary is aborted within the hour. Then, for a canary
with twice the errors and for one whose answers take 30 % longer: percent of runs that abort it, and
minutes to the abort, as median over all runs [its 95 % interval] and 90th percentile; "never" where
so many runs never do. ± is the simulation's standard error.
"""
COLUMNS = (
    ("false, errors watched", "errors", "equal"),
    ("errors x 2", "errors", "errors x 2"),
    ("false, latency watched too", "errors, latency", "equal"),
    ("errors x 2, latency watched too", "errors, latency", "errors x 2"),
    ("30 % slower", "errors, latency", "30 % slower"),
)


def page(rows: list[dict[str, Any]]) -> str:
    """Markdown, a table for each rate of requests."""
    parts = [HEAD]
    for rate in dict.fromkeys(row["requests/s"] for row in rows):
        found = [row for row in rows if row["requests/s"] == rate]
        lines = dict.fromkeys((row["traffic"], row["rule"]) for row in found)
        parts.append(f"## {rate} requests a second\n")
        parts.append(f"| traffic | rule | {' | '.join(name for name, *_ in COLUMNS)} |")
        parts.append("|---|---|" + "---:|" * len(COLUMNS))
        for traffic, rule in lines:
            cells = {
                (row["watched"], row["canary"]): row
                for row in found
                if (row["traffic"], row["rule"]) == (traffic, rule)
            }
            said = [_said(cells.get((watched, canary))) for _, watched, canary in COLUMNS]
            parts.append(f"| {traffic} | {rule} | {' | '.join(said)} |")
        parts.append("")
    return "\n".join(parts)


def _said(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    share = f"{row['aborts %']:g} ± {row['±']:g} %"
    if "median min" not in row:
        return share
    if row["95 % of it"] is None:
        return f"{share}; never"
    between = row["95 % of it"].replace(" to ", ", ")
    return f"{share}; {_minutes(row['median min'])} [{between}], {_minutes(row['p90 min'])}"


def _minutes(value: float | None) -> str:
    return "never" if value is None else f"{value:g}"
