"""How often groups that keep their limits raise an alarm, and groups that don't are passed."""

from collections.abc import Iterator

import numpy as np
from row import Row

from mlci.statistics.fairness import pairwise
from mlci.statistics.fairness_gap import gap_change

CONFIDENCE = 0.95


def fairness(runs: int = 2_000) -> Iterator[Row]:
    """False alarms over all pairs of ten groups, limit 0.10."""
    random = np.random.default_rng(15)
    unequal = np.array([4000, 3000, 2000, 1000, 500, 300, 200, 100, 50, 20])
    halves = np.repeat([0.25, 0.35], 5)
    for name, n, rates, promised in (
        ("identical, 20 to 4000 rows", unequal, np.full(10, 0.3), 0.05),
        ("25 pairs exactly at the limit, 500 rows", np.full(10, 500), halves, 0.05),
        ("2 groups at the limit, 1000 rows", np.full(2, 1000), np.array([0.25, 0.35]), 0.05),
        ("2 groups at the limit, 40 rows", np.full(2, 40), np.array([0.25, 0.35]), 0.05),
    ):
        alarms = naive = uncorrected = unsafe = ratio_alarms = 0
        for _ in range(runs):
            x = random.binomial(n, rates)
            pairs = pairwise(x, n, kind="difference", limit=0.1, confidence=0.95, assure=False)
            alarms += any(pair.beyond for pair in pairs)
            uncorrected += any(pair.p_value <= 0.05 for pair in pairs)
            unsafe += all(pair.within for pair in pairs)
            naive += np.ptp(x / n) > 0.1
            if rates[0] == 0.25:
                found = pairwise(x, n, kind="ratio", limit=5 / 7, confidence=0.95, assure=False)
                ratio_alarms += any(pair.beyond for pair in found)
        shares: list[tuple[str, int, float | None]] = [("Holm: any alarm", alarms, promised)]
        if rates[0] == 0.25:
            shares.append(("ratio, Holm: any alarm", ratio_alarms, 0.05))
            shares.append(("assure: all within", unsafe, 0.05))
        shares.append(("without correction: any alarm", uncorrected, None))
        shares.append(("largest minus smallest > 0.10", naive, None))
        for what, count, most in shares:
            yield Row(what=what, setting=name, rate=count / runs, runs=runs, promised=most)


def gaps(runs: int = 2_000) -> Iterator[Row]:
    """The change of the widest gap, margin 0.05, selection rates, correlated models."""
    random = np.random.default_rng(16)
    base = np.full(10, 0.3)
    one = np.concatenate([[0.35], base[1:]])
    for name, n, candidate, champion, margin, promised in (
        ("2 groups, gap .05 to .10", [1000] * 2, [0.35, 0.25], [0.3, 0.25], 0.05, 0.05),
        ("2 groups, gap 0 to .05", [1000] * 2, [0.35, 0.3], [0.3, 0.3], 0.05, 0.05),
        ("2 groups of 60 rows, gap 0 to .05", [60] * 2, [0.35, 0.3], [0.3, 0.3], 0.05, 0.05),
        ("10 groups, gap 0 to .05", [1000] * 10, one, base, 0.05, 0.05),
        ("2 groups, gap 0 to .15", [1000] * 2, [0.45, 0.3], [0.3, 0.3], 0.05, None),
        ("2 groups, no change", [3000] * 2, [0.35, 0.25], [0.35, 0.25], 0.05, None),
    ):
        passed = failed = 0
        for _ in range(runs):
            counts = np.zeros((len(n), 2, 2, 2), np.int64)
            for g, (size, p, q) in enumerate(zip(n, candidate, champion, strict=True)):
                both = 0.7 * min(p, q) + 0.3 * p * q
                cells = [1 - p - q + both, q - both, p - both, both]
                counts[g, 0] = random.multinomial(size, cells).reshape(2, 2)
            change = gap_change(counts, "selection_rate", CONFIDENCE)
            passed += change.upper < margin
            failed += change.lower > margin
        for what, rate in (("gap shown within the margin", passed), ("beyond it", failed)):
            yield Row(what=what, setting=name, rate=rate / runs, runs=runs, promised=promised)
