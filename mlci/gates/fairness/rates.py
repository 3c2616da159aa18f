"""Groups' rates, compared pair by pair."""

import math
from typing import Any

import numpy as np

from mlci.gates.decision import MOST_NEEDED, POWER
from mlci.gates.fairness.compared import Compared, kind_of
from mlci.gates.fairness.counts import GroupCounts
from mlci.records.judgement import Planned
from mlci.statistics.fairness import Pair, pairwise
from mlci.statistics.intervals import clopper_pearson
from mlci.statistics.pair_table import PairTable
from mlci.statistics.power import detectable_difference, power_ratio
from mlci.statistics.shrunk import Rates

MOST_DOUBLINGS = 30.0


def compare_rates(planned: Planned, counts: GroupCounts, *, assure: bool) -> Compared:
    """Every pair of the candidate's groups; of weighted or clustered rows by effective ones."""
    _, rows = counts.rates(planned.metric)  # type: ignore[arg-type]
    comparisons = max(len(rows) * (len(rows) - 1) // 2, 1)
    strictest = 1.0 - (1.0 - planned.confidence) / comparisons
    found = counts.effective_rates(planned.metric, strictest)  # type: ignore[arg-type]
    pairs: tuple[Pair, ...] = ()
    if len(counts.names) > 1:
        pairs = pairwise(
            found.successes,
            found.totals,
            kind=kind_of(planned),
            limit=planned.limit.value,
            confidence=planned.confidence,
            assure=assure,
            correlation=found.correlation,
        )
    return Compared(
        names=counts.names,
        n=int(rows.sum()),
        pairs=pairs,
        groups=_groups(counts, rows, found, planned.confidence),
        detectable=lambda widest: _detectable(widest, found, planned),
        needed=lambda _: _needed(found, planned, assure=assure),
    )


def own_interval(successes: float, total: float, confidence: float) -> list[float] | None:
    """Of one group by itself; for display."""
    if not total > 0.0:
        return None
    # Sums of effective rows may differ from each other in their last digit.
    return list(clopper_pearson(min(float(successes), float(total)), float(total), confidence))


def _groups(
    counts: GroupCounts, rows: Any, found: Rates, confidence: float
) -> list[dict[str, Any]]:
    return [
        {
            "group": name,
            "n": int(n),
            "rate": float(x / total) if total else None,
            "interval": own_interval(x, total, confidence),
            **({} if counts.sums is None else {"effectiveRows": float(total)}),
        }
        for name, n, x, total in zip(counts.names, rows, found.successes, found.totals, strict=True)
    ]


def _detectable(widest: Pair, rates: Rates, planned: Planned) -> float | None:
    """The smallest gap (the largest ratio) beyond the limit that the widest pair's rows show with
    power 0.8 at its level; None where they show none."""
    successes, totals = rates.successes, rates.totals
    n_i, n_j = float(totals[widest.i]), float(totals[widest.j])
    base = float(successes.sum() / totals.sum())
    limit, level = planned.limit.value, max(widest.confidence, 0.5)
    if kind_of(planned) == "difference":
        return detectable_difference(n_i, n_j, base, level, limit=limit)
    ratios = limit * np.arange(1000) / 1000
    high = np.minimum(2 * base / (1 + ratios), 1.0)
    shown = power_ratio(high * ratios, n_j, high, n_i, level, limit) >= POWER
    return float(ratios[shown].max()) if shown.any() else None


def _needed(rates: Rates, planned: Planned, *, assure: bool) -> int | None:
    """Rows, in today's proportions, with which no pair is small; None where no number is."""
    successes, totals, kind = rates.successes, rates.totals, kind_of(planned)
    comparisons = 1 if assure else len(totals) * (len(totals) - 1) // 2
    confidence = 1.0 - (1.0 - planned.confidence) / comparisons
    base = float(successes.sum() / totals.sum())

    def enough(exponent: float) -> bool:
        factor = 2.0**exponent
        scaled = PairTable(successes * factor, totals * factor, kind)
        return bool(scaled.power(planned.limit.value, confidence, base).min() >= POWER)

    low, high = -MOST_DOUBLINGS, MOST_DOUBLINGS
    if not enough(high):
        return None
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    rows = math.ceil(2.0**high * float(totals.sum()))
    return rows if rows < MOST_NEEDED else None
