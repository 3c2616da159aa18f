"""Plan and judgements -> outcome: a pure fold that first checks that exactly the planned arrived.

FAIL > ERROR > INCONCLUSIVE > PASS over the rules and over the required judgements that are not
waived; no such judgement is an ERROR, since a verdict over nothing shows nothing.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from numbers import Real
from typing import Any, NamedTuple

from mlci.records.judgement import Judgement, Planned
from mlci.records.outcome import Outcome
from mlci.records.rule import Ruling

ALLOW = "allow"
ALL_WAIVED = "every required judgement is waived, so that nothing is left to decide by"


class Fold(NamedTuple):
    """``judgements`` hold one for each that was planned, in the plan's order, and after them any
    that nobody planned; ``admits`` says whether the release may be delivered; ``reason`` why
    there is nothing to decide by, or is empty."""

    outcome: Outcome
    admits: bool
    judgements: tuple[Judgement, ...]
    reason: str = ""


def fold(
    planned: Sequence[Planned],
    judgements: Sequence[Judgement],
    on_inconclusive: Mapping[str, str],
    rules: Sequence[str] = (),
    rulings: Sequence[Ruling] = (),
) -> Fold:
    """``on_inconclusive`` gives each policy's word, ``refuse`` or ``allow``; a policy without one
    refuses. Under ``allow`` the outcome stays INCONCLUSIVE; it admits if all else passes.
    ``rules`` are the ids of the rulings that must arrive; each of them is required."""
    settled, complete = _settle(planned, judgements)
    complete = complete and sorted(rules) == sorted(each.id for each in rulings)
    asked = [each for each in settled if each.planned.required]
    required = [each for each in asked if not is_waived(each)]
    outcomes = {each.outcome for each in required} | {each.outcome for each in rulings}
    outcome = _worst(outcomes) if complete and required else Outcome.ERROR
    tolerated = all(
        each.outcome is Outcome.PASS
        or (
            each.outcome is Outcome.INCONCLUSIVE
            and on_inconclusive.get(each.planned.policy) == ALLOW
        )
        for each in required
    )
    admits = outcome is Outcome.PASS or (outcome is Outcome.INCONCLUSIVE and tolerated)
    return Fold(outcome, admits, settled, ALL_WAIVED if asked and not required else "")


def is_waived(judgement: Judgement) -> bool:
    """Whether it failed and doesn't count: a waiver never covers what was not measured."""
    return judgement.waived is not None and judgement.outcome.waivable


def _worst(outcomes: Set[Outcome]) -> Outcome:
    """A SKIPPED judgement was required and didn't happen: as bad as one that crashed."""
    if Outcome.FAIL in outcomes:
        return Outcome.FAIL
    if outcomes & {Outcome.ERROR, Outcome.SKIPPED}:
        return Outcome.ERROR
    return Outcome.INCONCLUSIVE if Outcome.INCONCLUSIVE in outcomes else Outcome.PASS


def _settle(
    planned: Sequence[Planned], judgements: Sequence[Judgement]
) -> tuple[tuple[Judgement, ...], bool]:
    """The judgements to fold, and whether exactly the planned ones arrived."""
    wanted = {each.id: each for each in planned}
    arrived = {
        each.planned.id: each for each in judgements if wanted.get(each.planned.id) == each.planned
    }
    twice = {
        id_ for id_, count in Counter(each.planned.id for each in judgements).items() if count > 1
    }
    settled = [
        _error(each, "it arrived more than once")
        if each.id in twice
        else sound(arrived[each.id])
        if each.id in arrived
        else _error(each, "it was planned and did not arrive")
        for each in planned
    ]
    strangers = [each for each in judgements if wanted.get(each.planned.id) != each.planned]
    settled += [_error(each.planned, "it arrived and was not planned") for each in strangers]
    complete = len(arrived) == len(planned) == len(wanted) and not twice and not strangers
    return tuple(settled), complete


def sound(judgement: Judgement) -> Judgement:
    """The judgement itself, or an ERROR where a number is NaN or infinite, or where it passed
    without a size and an interval."""
    numbers = (judgement.estimate, judgement.interval, judgement.detectable, judgement.details)
    if not all(_finite(each) for each in numbers):
        return _error(judgement.planned, "a number of it is NaN or infinite")
    if judgement.outcome is Outcome.PASS and (judgement.interval is None or judgement.n <= 0):
        return _error(judgement.planned, "it passed without a sample size and an interval")
    return judgement


def _finite(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_finite(each) for each in value.values())
    if isinstance(value, list | tuple):
        return all(_finite(each) for each in value)
    return isinstance(value, int) or not isinstance(value, Real) or math.isfinite(value)


def _error(planned: Planned, reason: str) -> Judgement:
    return Judgement(planned=planned, outcome=Outcome.ERROR, reason=reason)
