"""The candidate's groups, pair by pair, against a largest difference or a smallest ratio.

The widest true gap lies between the largest of all pairs' lower bounds and the largest of their
upper bounds, as far as these hold together: that is the interval shown, and it decides.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlci.evaluation.naming import listed
from mlci.gates.decision import MOST_NEEDED, POWER
from mlci.gates.fairness.counts import GroupCounts
from mlci.records.judgement import Judgement, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.statistics.fairness import Pair, pairwise
from mlci.statistics.pair_table import Kind, PairTable
from mlci.statistics.power import detectable_difference, power_ratio

ASSURE = "assure"
MOST_DOUBLINGS = 30.0
MOST_PAIRS = 200


def judge_pairs(
    planned: Planned, counts: GroupCounts, *, decision: str, small_groups: str
) -> Judgement:
    """``decision`` and ``small_groups`` are the policy's words, as the contract defines them."""
    successes, totals = counts.rates(planned.metric)  # type: ignore[arg-type]
    kind: Kind = "ratio" if planned.limit.kind is LimitKind.MINIMUM_RATIO else "difference"
    n = int(totals.sum())
    if len(counts.names) < 2:
        return _error(planned, n, f"one group only, {listed(counts.names)}: nothing to compare")
    pairs = pairwise(
        successes,
        totals,
        kind=kind,
        limit=planned.limit.value,
        confidence=planned.confidence,
        assure=decision == ASSURE,
    )
    seen = [pair for pair in pairs if pair.estimate is not None]
    details = _details(counts.names, successes, totals, pairs)
    if not seen:
        return _error(planned, n, f"no two groups have a {planned.metric} to compare", details)
    widest = _widest(seen, kind)
    outcome, reason = _decide(pairs, counts.names, decision, small_groups)
    return Judgement(
        planned=planned,
        outcome=outcome,
        reason=f"{reason}; widest: {_named(widest, counts.names)}",
        estimate=widest.estimate,
        interval=_interval(pairs, kind),
        n=n,
        detectable=_detectable(widest, totals, successes, kind, planned),
        needed=_needed(successes, totals, kind, planned, decision),
        details={**details, "decision": decision, "smallGroups": small_groups},
    )


def _decide(
    pairs: Sequence[Pair], names: Sequence[str], decision: str, small_groups: str
) -> tuple[Outcome, str]:
    beyond = [pair for pair in pairs if pair.beyond]
    small = [pair for pair in pairs if _small(pair) and not pair.beyond]
    open_pairs = [pair for pair in pairs if not pair.within and not pair.beyond]
    note = f"; too few rows to show twice the limit: {_named_small(small, names)}" if small else ""
    if beyond:
        return Outcome.FAIL, f"shown beyond the limit: {_several(beyond, names)}{note}"
    if decision == ASSURE:
        if not open_pairs:
            return Outcome.PASS, f"{_counted(pairs, 'each')} shown within the limit{note}"
        failing = small_groups == "fail" and any(_small(pair) for pair in open_pairs)
        reason = f"not shown within the limit: {_several(open_pairs, names)}{note}"
        return (Outcome.FAIL if failing else Outcome.INCONCLUSIVE), reason
    reason = f"{_counted(pairs, 'not one')} shown beyond the limit{note}"
    if len(small) == len(pairs) and small_groups != "fail":
        return Outcome.INCONCLUSIVE, reason.replace("none", "an alarm was not possible: none", 1)
    if not small or small_groups == "report":
        return Outcome.PASS, reason
    return (Outcome.FAIL if small_groups == "fail" else Outcome.INCONCLUSIVE), reason


def _small(pair: Pair) -> bool:
    return pair.power < POWER


def _widest(pairs: Sequence[Pair], kind: Kind) -> Pair:
    pick = max if kind == "difference" else min
    return pick(pairs, key=lambda pair: pair.estimate or 0.0)


def _interval(pairs: Sequence[Pair], kind: Kind) -> tuple[float, float]:
    """A widest gap is never below 0, a smallest ratio never above 1."""
    if kind == "difference":
        upper = max(1.0 if pair.upper is None else pair.upper for pair in pairs)
        return max(0.0, *(pair.lower for pair in pairs)), upper
    uppers = [pair.upper for pair in pairs if pair.upper is not None]
    return min(pair.lower for pair in pairs), min([1.0, *uppers])


def _detectable(
    widest: Pair, totals: Any, successes: Any, kind: Kind, planned: Planned
) -> float | None:
    """The smallest gap (the largest ratio) beyond the limit that the widest pair's rows show with
    power 0.8 at its level; None where they show none."""
    n_i, n_j = int(totals[widest.i]), int(totals[widest.j])
    base = float(successes.sum() / totals.sum())
    limit, level = planned.limit.value, max(widest.confidence, 0.5)
    if kind == "difference":
        return detectable_difference(n_i, n_j, base, level, limit=limit)
    ratios = limit * np.arange(1000) / 1000
    high = np.minimum(2 * base / (1 + ratios), 1.0)
    shown = power_ratio(high * ratios, n_j, high, n_i, level, limit) >= POWER
    return float(ratios[shown].max()) if shown.any() else None


def _needed(successes: Any, totals: Any, kind: Kind, planned: Planned, decision: str) -> int | None:
    """Rows, in today's proportions, with which no pair is small; None where no number is."""
    comparisons = 1 if decision == ASSURE else len(totals) * (len(totals) - 1) // 2
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


def _details(
    names: Sequence[str], successes: Any, totals: Any, pairs: Sequence[Pair]
) -> dict[str, Any]:
    """Every group with its rate and the groups that it makes small pairs with, and the pairs that
    matter most."""
    beyond = [pair for pair in pairs if pair.beyond]
    others = sorted(
        (pair for pair in pairs if not pair.beyond), key=lambda pair: (pair.adjusted, pair.p_value)
    )
    return {
        "groups": [
            {
                "group": name,
                "n": int(n),
                "rate": int(x) / int(n) if n else None,
                "smallWith": "all" if len(with_) == len(names) - 1 else [names[k] for k in with_],
            }
            for name, x, n, with_ in zip(
                names, successes, totals, _small_with(pairs, len(names)), strict=True
            )
        ],
        "pairs": [_row(pair, names) for pair in (beyond + others)[:MOST_PAIRS]],
        "pairsInAll": len(pairs),
        "small": sum(_small(pair) for pair in pairs),
    }


def _small_with(pairs: Sequence[Pair], groups: int) -> list[list[int]]:
    others: list[list[int]] = [[] for _ in range(groups)]
    for pair in pairs:
        if _small(pair):
            others[pair.i].append(pair.j)
            others[pair.j].append(pair.i)
    return [sorted(each) for each in others]


def _named_small(small: Sequence[Pair], names: Sequence[str]) -> str:
    """Groups that are small with every other by their name alone, then the other small pairs."""
    lonely = {
        at
        for at, with_ in enumerate(_small_with(small, len(names)))
        if len(with_) == len(names) - 1
    }
    parts = [f"{names[at]} with any other" for at in sorted(lonely)] if len(names) > 2 else []
    rest = [pair for pair in small if not (parts and {pair.i, pair.j} & lonely)]
    return listed([*parts, *(_named(pair, names) for pair in rest)])


def _row(pair: Pair, names: Sequence[str]) -> dict[str, Any]:
    return {
        "higher": names[pair.i],
        "lower": names[pair.j],
        "estimate": pair.estimate,
        "interval": [pair.lower, pair.upper],
        "confidence": pair.confidence,
        "adjustedP": pair.adjusted,
        "power": pair.power,
        "beyond": pair.beyond,
        "within": pair.within,
        "small": _small(pair),
    }


def _named(pair: Pair, names: Sequence[str]) -> str:
    return f"{names[pair.i]} over {names[pair.j]}"


def _counted(pairs: Sequence[Pair], word: str) -> str:
    if len(pairs) == 1:
        return "the pair of groups is" + (" not" if word == "not one" else "")
    return f"{word} of {len(pairs)} pairs of groups is"


def _several(pairs: Sequence[Pair], names: Sequence[str]) -> str:
    return listed([_named(pair, names) for pair in pairs])


def _error(
    planned: Planned, n: int, reason: str, details: Mapping[str, Any] | None = None
) -> Judgement:
    return Judgement(
        planned=planned, outcome=Outcome.ERROR, reason=reason, n=n, details=details or {}
    )
