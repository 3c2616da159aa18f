"""Gates that go before all others, and what becomes of the others where those don't hold."""

from collections.abc import Iterable

from mlci.records.judgement import Judgement, Planned
from mlci.records.outcome import Outcome


def blocking(judgements: Iterable[Judgement]) -> Judgement | None:
    """The first required judgement that failed, or could not be made, and that nobody waives."""
    return next(
        (
            each
            for each in judgements
            if each.planned.required
            and each.waived is None
            and each.outcome in (Outcome.FAIL, Outcome.ERROR)
        ),
        None,
    )


def skipped(planned: Iterable[Planned], because: Judgement) -> tuple[Judgement, ...]:
    """The others' judgements, none of them measured."""
    reason = f"not measured: {because.planned.id} is {because.outcome}"
    return tuple(
        Judgement(planned=each, outcome=Outcome.SKIPPED, reason=reason) for each in planned
    )
