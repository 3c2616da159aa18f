"""Many slices against one limit: an alarm is raised only for what Holm's step-down shows.

A limit is taken as broken by a slice when its bound at the family's level lies beyond it. Among
slices that all keep the limit, the chance of any alarm is at most 1 - confidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlci.gates.decision import Interval, decide, detectable, needed
from mlci.gates.found import Estimate, Undefined
from mlci.records.judgement import Judgement, Limit, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.statistics.nobounds import NoBounds

SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One level after the step-down. ``confidence`` is the level that decided it; ``small``: its
    rows could not show twice the limit with power 0.8, so its silence says nothing."""

    level: str
    estimate: Estimate
    interval: Interval
    confidence: float
    beyond: bool
    small: bool
    detectable: float


def judge_slices(planned: Planned, levels: Mapping[str, Estimate | Undefined]) -> Judgement:
    """FAIL when a slice is shown beyond the limit, INCONCLUSIVE when one is too small to tell,
    else PASS. The estimate is the worst slice's; the interval holds the worst true value of all.
    """
    known, unknown = _sorted(levels, planned.confidence)
    slices = step_down(planned.limit, known, planned.confidence)
    n = sum(each.n for each in levels.values())
    details = {
        "slices": [_row(each) for each in slices],
        "small": [each.level for each in slices if each.small],
        "undefined": unknown,
    }
    if not slices:
        return Judgement(
            planned=planned,
            outcome=Outcome.INCONCLUSIVE if levels else Outcome.ERROR,
            reason=f"no slice has a value: {_listed(list(unknown.values()))}",
            n=n,
            details=details,
        )
    worst = _worst(planned.limit, slices)
    beyond = [each.level for each in slices if each.beyond]
    silent = [each.level for each in slices if each.small and not each.beyond] + list(unknown)
    if beyond:
        outcome, reason = Outcome.FAIL, f"shown beyond the limit: {_listed(beyond)}"
    elif silent:
        outcome, reason = Outcome.INCONCLUSIVE, "no slice is shown beyond the limit"
    else:
        outcome, reason = Outcome.PASS, f"none of {len(slices)} slices is shown beyond the limit"
    if silent:
        reason += f"; too few rows to show twice the limit: {_listed(silent)}"
    return Judgement(
        planned=planned,
        outcome=outcome,
        reason=f"{reason}; worst: {worst.level}",
        estimate=worst.estimate.value,
        interval=_of_worst(planned.limit, slices),
        n=n,
        detectable=worst.detectable,
        needed=_needed(planned.limit, slices, n),
        details=details,
    )


def _sorted(
    levels: Mapping[str, Estimate | Undefined], confidence: float
) -> tuple[dict[str, Estimate], dict[str, str]]:
    """Those that have bounds at the strictest level of the step-down, and why others have none."""
    known, unknown = dict[str, Estimate](), dict[str, str]()
    strictest = 1.0 - (1.0 - confidence) / max(len(levels), 1)
    for name, each in levels.items():
        if isinstance(each, Undefined):
            unknown[name] = each.reason
            continue
        try:
            each.bounds(strictest)
        except NoBounds as why:
            unknown[name] = str(why)
        else:
            known[name] = each
    return known, unknown


def step_down(limit: Limit, levels: Mapping[str, Estimate], confidence: float) -> tuple[Slice, ...]:
    """Holm (1979) by intervals: the limit is tested at alpha / (slices not yet shown beyond it)
    until a step shows none; each slice keeps the interval of the step that decided it."""
    alpha = 1.0 - confidence
    decided: dict[str, tuple[Interval, float, bool]] = {}
    left = dict(levels)
    while left:
        level = 1.0 - alpha / len(left)
        intervals = {name: each.bounds(level) for name, each in left.items()}
        beyond = [name for name in left if decide(limit, intervals[name]) is Outcome.FAIL]
        for name in beyond or list(left):
            decided[name] = (intervals[name], level, bool(beyond))
            del left[name]
        if not beyond:
            break
    first = 1.0 - alpha / max(len(levels), 1)
    return tuple(
        _slice(limit, name, estimate, decided[name], first) for name, estimate in levels.items()
    )


def _slice(
    limit: Limit,
    name: str,
    estimate: Estimate,
    decided: tuple[Interval, float, bool],
    first: float,
) -> Slice:
    interval, confidence, beyond = decided
    shown = detectable(estimate.value, estimate.bounds(first), first)
    return Slice(
        level=name,
        estimate=estimate,
        interval=interval,
        confidence=confidence,
        beyond=beyond,
        small=shown > _allowance(limit),
        detectable=shown,
    )


def _allowance(limit: Limit) -> float:
    """How far beyond the limit twice the limit lies: of a minimum, twice the errors it permits."""
    return 1.0 - limit.value if limit.kind is LimitKind.MINIMUM else limit.value


def _worst(limit: Limit, slices: Sequence[Slice]) -> Slice:
    pick = max if limit.kind is LimitKind.MAXIMUM else min
    return pick(slices, key=lambda each: each.estimate.value)


def _of_worst(limit: Limit, slices: Sequence[Slice]) -> Interval:
    """Bounds of the worst true value: where all intervals hold at once, it lies between the worst
    of the lower and the worst of the upper ends."""
    pick = max if limit.kind is LimitKind.MAXIMUM else min
    return (
        pick(each.interval[0] for each in slices),
        pick(each.interval[1] for each in slices),
    )


def _needed(limit: Limit, slices: Sequence[Slice], n: int) -> int | None:
    """Rows, in today's proportions, with which no slice is small."""
    return needed(n, max(each.detectable for each in slices), _allowance(limit))


def _row(each: Slice) -> dict[str, object]:
    effective = each.estimate.at(each.confidence).effective
    return {
        "level": each.level,
        "n": each.estimate.n,
        **({} if effective is None else {"effectiveRows": effective}),
        "estimate": each.estimate.value,
        "interval": list(each.interval),
        "confidence": each.confidence,
        "beyond": each.beyond,
        "small": each.small,
    }


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
