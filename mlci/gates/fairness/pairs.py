"""The candidate's groups, pair by pair, against a largest difference or a smallest ratio.

The widest true gap lies between the largest of all pairs' lower bounds and the largest of their
upper bounds, as far as these hold together: that is the interval shown, and it decides.
"""

import math
from collections.abc import Sequence
from typing import Any

from mlci.evaluation.naming import listed
from mlci.gates.decision import POWER
from mlci.gates.fairness.compared import Compared, kind_of
from mlci.records.judgement import Judgement, Planned
from mlci.records.outcome import Outcome
from mlci.statistics.fairness import Pair
from mlci.statistics.pair_table import Kind

ASSURE = "assure"
MOST_PAIRS = 200


def judge_pairs(
    planned: Planned, compared: Compared, *, decision: str, small_groups: str
) -> Judgement:
    """``decision`` and ``small_groups`` are the policy's words, as the contract defines them."""
    names, pairs = compared.names, compared.pairs
    if len(names) < 2:
        only = f"one group only, {listed(names)}: nothing to compare"
        return Judgement(planned=planned, outcome=Outcome.ERROR, reason=only, n=compared.n)
    kind = kind_of(planned)
    seen = [pair for pair in pairs if pair.estimate is not None]
    details = {
        **_details(compared),
        "decision": decision,
        "smallGroups": small_groups,
    }
    if not seen:
        reason = f"no two groups have a {planned.metric} to compare"
        return Judgement(
            planned=planned, outcome=Outcome.ERROR, reason=reason, n=compared.n, details=details
        )
    widest = _widest(seen, kind)
    outcome, reason = _decide(pairs, names, decision, small_groups)
    return Judgement(
        planned=planned,
        outcome=outcome,
        reason=f"{reason}; widest: {_named(widest, names)}",
        estimate=widest.estimate,
        interval=_interval(seen, kind),
        n=compared.n,
        detectable=compared.detectable(widest),
        needed=compared.needed(widest),
        details=details,
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
        return Outcome.INCONCLUSIVE, f"an alarm was not possible: {reason}"
    if not small or small_groups == "report":
        return Outcome.PASS, reason
    return (Outcome.FAIL if small_groups == "fail" else Outcome.INCONCLUSIVE), reason


def _small(pair: Pair) -> bool:
    return pair.power < POWER


def _widest(pairs: Sequence[Pair], kind: Kind) -> Pair:
    pick = max if kind == "difference" else min
    return pick(pairs, key=lambda pair: pair.estimate or 0.0)


def _interval(pairs: Sequence[Pair], kind: Kind) -> tuple[float, float] | None:
    """A widest gap is never below 0, a smallest ratio never above 1. None where some pair's rows
    bound nothing."""
    if kind == "difference":
        uppers = [pair.upper for pair in pairs if pair.upper is not None]
        if len(uppers) < len(pairs):
            return None
        return max(0.0, *(pair.lower for pair in pairs)), max(uppers)
    known = [pair.upper for pair in pairs if pair.upper is not None]
    return min(pair.lower for pair in pairs), min([1.0, *known])


def _details(compared: Compared) -> dict[str, Any]:
    names, pairs = compared.names, compared.pairs
    # Those that matter most: what is beyond, then what is nearest to it.
    first = sorted(pairs, key=lambda pair: (not pair.beyond, pair.adjusted, pair.p_value))
    small_with = _small_with(pairs, len(names))
    return {
        "groups": [
            {
                **group,
                "smallWith": "all"
                if len(others_) == len(names) - 1
                else [names[k] for k in others_],
            }
            for group, others_ in zip(compared.groups, small_with, strict=True)
        ],
        "pairs": [_row(pair, names) for pair in first[:MOST_PAIRS]],
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
        "interval": [pair.lower if math.isfinite(pair.lower) else None, pair.upper],
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
