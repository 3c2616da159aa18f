"""Simulates how often each bound misses the truth, and prints docs/coverage.md.

    python docs/tables/coverage.py > docs/coverage.md      all tables (some minutes)
    python docs/tables/coverage.py areas                   one of them

Every simulation is seeded; a bound that misses more often than it says is marked, and gives exit
code 1.
"""

import math
import sys
from collections.abc import Callable, Iterator
from itertools import groupby

import coverage_tables as tables
from row import Row

TABLES: dict[str, Callable[..., Iterator[Row]]] = {
    each.__name__: each
    for each in (
        tables.share_of_rows,
        tables.pairs_of_rows,
        tables.groups,
        tables.share_of_clusters,
        tables.pairs_of_clusters,
        tables.groups_of_clusters,
        tables.weights,
        tables.areas,
        tables.means,
    )
}

TITLE = """# How often bounds miss

Each one-sided bound is asked for at confidence 0.95 and may miss the truth in 5 % of samples. The
tables below are printed by `docs/tables/coverage.py`: "missed" is how often the lower bound lay
above the truth / the upper bound below it, or how often any pair of groups raised a false alarm;
"error" is the standard error of the simulation ("exact": all counts enumerated). A share above 5 %
by more than three standard errors would be marked; none is.

Clusters of unequal sizes have lognormal ones, the largest some ten times the median. A correlation
of 0.5 within clusters means that half of what makes rows differ is the cluster's. Where a table
says 0, bounds were wider than they had to be: that is the price of few clusters and rare events.
A mean that is refused (a few rows or clusters make up most of it) counts as not missed.
"""


def show(name: str) -> bool:
    """Prints one table in Markdown; False if a bound misses more often than it says."""
    rows = list(TABLES[name]())
    say(f"\n## {(TABLES[name].__doc__ or '').strip()}\n")
    say("| what | where | missed | error |")
    say("|---|---|---:|---:|")
    # Both bounds of one setting stand in one line, the lower one first.
    for (what, where), sides in groupby(rows, lambda row: (row.what.split(":")[0], row.setting)):
        both = list(sides)
        missed = " / ".join(
            f"{row.rate:.1%}" if row.holds() else f"**broken: {row.rate:.1%}**" for row in both
        )
        error = "exact"
        if both[0].runs:
            most = max(max(row.rate, 1 / row.runs) for row in both)
            error = f"{math.sqrt(most * (1 - most) / both[0].runs):.1%}"
        say(f"| {what} | {where} | {missed} | {error} |")
    return all(row.holds() for row in rows)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if not sys.argv[1:]:
        say(TITLE)
    outcomes = [show(name) for name in sys.argv[1:] or TABLES]
    sys.exit(0 if all(outcomes) else 1)
