"""A verdict held against its own judgements: what nobody edited says the same as its fold."""

from mlci.records.judgement import Judgement, LimitKind
from mlci.records.outcome import Outcome
from mlci.records.verdict import Verdict
from mlci.verdict import fold

_AT_LEAST = {LimitKind.MINIMUM, LimitKind.MINIMUM_RATIO, LimitKind.MARGIN, LimitKind.ANCHOR}


def differences(verdict: Verdict) -> tuple[str, ...]:
    """How the verdict differs from what its own judgements make of it; nothing if it doesn't."""
    if verdict.reason and not verdict.judgements:
        return ()
    word = "allow" if verdict.admits else "refuse"
    again = fold(
        [each.planned for each in verdict.judgements],
        verdict.judgements,
        {each.name: each.on_inconclusive or word for each in verdict.policies},
        [each.id for each in verdict.rulings],
        verdict.rulings,
    )
    found = [
        f"{old.planned.id} is {old.outcome.value}, and {new.reason}"
        for old, new in zip(verdict.judgements, again.judgements, strict=True)
        if old.outcome is not new.outcome
    ]
    found += [
        f"{each.planned.id} is PASS, and its interval lies beyond its limit"
        for each in verdict.judgements
        if each.outcome is Outcome.PASS and _beyond(each)
    ]
    if verdict.outcome is not again.outcome and not _incomplete(verdict):
        found.append(f"outcome {verdict.outcome.value}, recomputed {again.outcome.value}")
    elif verdict.admits is not again.admits:
        found.append(f"admits {str(verdict.admits).lower()}, recomputed otherwise")
    return tuple(found)


def _incomplete(verdict: Verdict) -> bool:
    """Where something planned did not arrive, the verdict is ERROR, whatever the others say."""
    return verdict.outcome is Outcome.ERROR and any(
        each.outcome is Outcome.ERROR for each in verdict.judgements
    )


def _beyond(judgement: Judgement) -> bool:
    """Whether all of the interval is on the wrong side of the limit."""
    if judgement.interval is None:
        return False
    limit = judgement.planned.limit
    low, high = judgement.interval
    if limit.kind in _AT_LEAST:
        return high < (-limit.value if limit.kind.compared else limit.value)
    return low > limit.value
