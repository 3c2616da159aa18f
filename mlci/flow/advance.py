"""The next move of a delivery: pure, from the evidence so far and the time it was watched."""

from collections.abc import Sequence
from enum import StrEnum

from mlci.flow.progress import Intent, Progress
from mlci.flow.stages import Stage
from mlci.records.outcome import Health
from mlci.records.policy import Watch


class Move(StrEnum):
    STAY = "stay"
    STEP = "step"
    WAIT = "wait for a person"
    PROMOTE = "promote"
    PAUSE = "pause"
    TAKE_BACK = "take back"


def stage_of(progress: Progress, plan: Sequence[Stage]) -> Stage:
    """The one that a delivery is in."""
    return plan[min(progress.step, len(plan) - 1)]


def advance(
    progress: Progress,
    plan: Sequence[Stage],
    watch: Watch,
    health: Health,
    *,
    incident: bool = False,
    approved: bool = False,
    passed: bool = False,
    smoked: bool = True,
) -> Move:
    """Harm is looked at first; then a person's yes to a delivery that was undecided at its deadline
    (``approved``), which promotes, or to the stage that waits for one (``passed``); then the
    stage's bake time and its smoke requests (``smoked``: they were answered); then, in the last
    stage, the evidence.

    HEALTHY says that the evidence suffices for promotion. Nothing moves up while nothing can be
    seen (UNKNOWN) where something has to be, nor in an ``incident`` of both arms. A promotion that
    was begun goes on, unless harm is shown before it is recorded. Past the deadline without one the
    policy decides: ``pause`` keeps weight and watching, ``abort`` takes the release back, unless
    nothing can be seen: that reverts nothing.
    """
    if health is Health.REGRESSED:
        return Move.TAKE_BACK
    if progress.intent is Intent.PROMOTE or approved:
        return Move.PROMOTE
    stage = stage_of(progress, plan)
    if stage.waits:
        return Move.STEP if passed else Move.WAIT
    last = progress.step + 1 >= len(plan)
    if progress.baked >= stage.bake and not incident and (smoked or not stage.smoke):
        if not last and (health is not Health.UNKNOWN or not stage.seen):
            return Move.STEP
        if last and health is Health.HEALTHY:
            return Move.PROMOTE
    if progress.total >= watch.deadline:
        abort = watch.on_deadline == "abort" and health is not Health.UNKNOWN
        return Move.TAKE_BACK if abort else Move.PAUSE
    return Move.STAY
