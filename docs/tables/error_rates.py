"""Simulates every error rate that docs/statistics.md states, and prints its tables.

    python docs/tables/error_rates.py            all tables, as in the page (some minutes)
    python docs/tables/error_rates.py canary     one of them

Every simulation is seeded; a broken promise is marked and gives exit code 1.
"""

import sys
from collections.abc import Callable, Iterator

from group_rates import fairness, gaps
from live_rates import canary, one_sample, ratio_looks
from model_rates import areas, non_inferiority, proportions, tables
from row import Row
from task_rates import calibration, classes, mean_gaps, numbers

TABLES: dict[str, Callable[..., Iterator[Row]]] = {
    each.__name__: each
    for each in (
        proportions,
        non_inferiority,
        areas,
        tables,
        classes,
        numbers,
        calibration,
        fairness,
        gaps,
        mean_gaps,
        one_sample,
        canary,
        ratio_looks,
    )
}


def show(name: str) -> bool:
    """Prints one table in Markdown; False if a promise is broken."""
    kept = True
    say(f"\n### {(TABLES[name].__doc__ or '').strip()}\n")
    say("| what | where | share of runs | at most | runs |")
    say("|---|---|---:|---:|---:|")
    for row in TABLES[name]():
        kept = kept and row.holds()
        promised = "" if row.promised is None else f"{row.promised:.1%}"
        runs = f"{row.runs:,}" if row.runs else "exact"
        rate = f"{row.rate:.1%}" if row.holds() else f"**broken: {row.rate:.1%}**"
        say(f"| {row.what} | {row.setting} | {rate} | {promised} | {runs} |")
    return kept


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    outcomes = [show(name) for name in sys.argv[1:] or TABLES]
    sys.exit(0 if all(outcomes) else 1)
