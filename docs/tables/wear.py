"""What repeated runs on one exam, and many small losses, do to a gate: seeded simulations.

    python docs/tables/wear.py

prints the tables of docs/exam-wear.md.
"""

import numpy as np
from numpy.typing import NDArray

from mlci.statistics.intervals import clopper_pearson
from mlci.statistics.paired import paired_difference

SEED = 20_261_123
CONFIDENCE = 0.95


def passes_by_chance(
    runs: int, *, shared: bool, rows: int = 2_000, minimum: float = 0.8, repeats: int = 2_000
) -> float:
    """How often at least one of ``runs`` models, each exactly at the minimum, is shown above it.
    ``shared``: each run is judged at 1 / runs of the error."""
    rng = np.random.default_rng([SEED, runs, shared])
    alpha = (1.0 - CONFIDENCE) / (runs if shared else 1)
    needed = _fewest(rows, minimum, 1.0 - alpha)
    hits = rng.binomial(rows, minimum, size=(repeats, runs))
    return float((hits >= needed).any(axis=1).mean())


def _fewest(rows: int, minimum: float, confidence: float) -> int:
    """The fewest right rows whose lower bound keeps the minimum."""
    low, high = 0, rows
    while low < high:
        middle = (low + high) // 2
        low, high = (
            (low, middle)
            if clopper_pearson(middle, rows, confidence)[0] >= minimum
            else (middle + 1, high)
        )
    return low


def tuned_on_the_exam(runs: int, *, rows: int = 2_000, repeats: int = 200) -> float:
    """The mean accuracy that the exam shows for the majority of those of ``runs`` coin-tossing
    models that it showed above one half (Blum & Hardt 2015): each knows nothing, and so does their
    majority."""
    rng = np.random.default_rng([SEED, runs])
    shown = []
    for _ in range(repeats):
        right = rng.random((runs, rows)) < 0.5
        kept = right[right.mean(axis=1) > 0.5]
        shown.append(_majority(kept).mean() if len(kept) else 0.5)
    return float(np.mean(shown))


def _majority(right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The share of being right of a majority vote; a tie is a coin."""
    votes = right.sum(axis=0) - len(right) / 2
    return np.where(votes == 0, 0.5, (votes > 0).astype(float))


def creep(
    releases: int,
    *,
    loss: float,
    margin: float,
    anchor: float | None,
    rows: int = 50_000,
    repeats: int = 300,
) -> tuple[float, float]:
    """Releases that went live and accuracy lost, on average, when each candidate is truly worse by
    ``loss`` than the champion, disagreeing with it on 5 % of the rows."""
    rng = np.random.default_rng([SEED, releases, int(1e4 * loss), anchor is not None])
    live = np.zeros(repeats)
    for run in range(repeats):
        for _ in range(releases):
            behind = loss * (live[run] + 1)
            shown = _no_worse(rng, loss, margin, rows) and (
                anchor is None or _no_worse(rng, behind, anchor, rows)
            )
            live[run] += shown
    return float(live.mean()), float(loss * live.mean())


def _no_worse(rng: np.random.Generator, loss: float, margin: float, rows: int) -> bool:
    apart = max(0.05, loss)
    better, worse, _ = rng.multinomial(rows, [(apart - loss) / 2, (apart + loss) / 2, 1 - apart])
    return paired_difference(int(better), int(worse), rows, CONFIDENCE).lower > -margin


def main() -> None:
    print("| recorded runs | a model at the minimum passes some run | with the error shared |")
    print("|---|---|---|")
    for runs in (1, 5, 20, 100):
        alone, shared = (passes_by_chance(runs, shared=each) for each in (False, True))
        print(f"| {runs} | {alone:.1%} | {shared:.1%} |")
    print("\n| coin-tossing models tried | accuracy of their majority, as the exam shows it |")
    print("|---|---|")
    for runs in (1, 10, 100, 500):
        print(f"| {runs} | {tuned_on_the_exam(runs):.1%} |")
    print("\n| policy | releases of 20 that went live | accuracy lost |")
    print("|---|---|---|")
    for name, anchor in (("margin 1 %", None), ("margin 1 %, anchor margin 2 %", 0.02)):
        live, lost = creep(20, loss=0.005, margin=0.01, anchor=anchor)
        print(f"| {name} | {live:.1f} | {100 * lost:.1f} points |")


if __name__ == "__main__":
    main()
