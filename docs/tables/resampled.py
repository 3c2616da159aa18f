"""The table of docs/plugins.md: how often the bounds of a resampled metric miss.

Resampling rows draws their table of truth and answer from a multinomial, so tables are drawn here:
the same bounds as from MetricFrame, thousands of times as fast.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from row import Row

from mlci.statistics.nobounds import NoBounds
from mlci.statistics.resampled import beyond

EVENTS = 30
SETTINGS = (
    # rows, share of positives, of these answered wrongly, and of the negatives
    (200, 0.5, 0.25, 0.25),
    (300, 0.3, 0.3, 0.15),
    (1_000, 0.5, 0.05, 0.05),
    (1_000, 0.05, 0.4, 0.05),
    (3_000, 0.02, 0.5, 0.01),
    (10_000, 0.01, 0.4, 0.005),
)


def kappa(cells: Any) -> Any:
    """Of tables [..., 4]: right negatives, wrong negatives, wrong positives, right positives."""
    n = cells.sum(axis=-1)
    kept, alarms, missed, found = np.moveaxis(cells, -1, 0)
    chance = ((found + missed) * (found + alarms) + (kept + alarms) * (kept + missed)) / n**2
    return ((kept + found) / n - chance) / (1.0 - chance)


def cost(cells: Any) -> Any:
    """A missed positive costs ten times what a false alarm does."""
    return (10.0 * cells[..., 2] + cells[..., 1]) / cells.sum(axis=-1)


def resampled(
    runs: int = 4_000, resamples: int = 3_999, confidences: tuple[float, ...] = (0.95, 0.995)
) -> Iterator[Row]:
    random = np.random.default_rng(5)
    for rows, share, missed, alarms in SETTINGS:
        truth = np.array(
            [
                (1 - share) * (1 - alarms),
                (1 - share) * alarms,
                share * missed,
                share * (1 - missed),
            ]
        )
        for metric in (kappa, cost):
            found = np.zeros((len(confidences), 2))
            for _ in range(runs):
                seen = random.multinomial(rows, truth)
                drawn = random.multinomial(rows, seen / rows, size=resamples).astype(float)
                values = np.sort(metric(drawn))
                found += _misses(values, seen, float(metric(truth)), confidences)
            for confidence, (lower, upper) in zip(confidences, found, strict=True):
                for side, count in (("lower", lower), ("upper", upper)):
                    yield Row(
                        what=f"{metric.__name__}, {side} bound",
                        setting=f"{rows:,} rows, {share:.0%} positive, wrong {missed:.0%} and "
                        f"{alarms:.1%}",
                        rate=float(count / runs),
                        runs=runs,
                        promised=1.0 - confidence,
                    )


def _misses(values: Any, seen: Any, truth: float, confidences: tuple[float, ...]) -> Any:
    """[confidences, 2]; what is refused doesn't miss."""
    events = int(min(seen[0] + seen[1], seen[2] + seen[3], seen[1] + seen[2]))
    if events < EVENTS:
        return 0.0
    found = np.zeros((len(confidences), 2))
    for at, confidence in enumerate(confidences):
        try:
            place = beyond(1.0 - confidence, events, values.size)
        except NoBounds:
            continue
        found[at] = values[place - 1] > truth, values[-place] < truth
    return found


if __name__ == "__main__":
    print("| bound | where | may miss | missed | runs |\n|---|---|---:|---:|---:|")
    for row in resampled():
        print(
            f"| {row.what} | {row.setting} | {row.promised:.1%} | {row.rate:.1%} | {row.runs:,} |",
            flush=True,
        )
