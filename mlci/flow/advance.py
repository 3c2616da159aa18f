"""The next move of a delivery: pure, from the evidence so far and the time it was watched."""

from enum import StrEnum

from mlci.flow.progress import Intent, Progress
from mlci.records.outcome import Health
from mlci.records.policy import Watch
from mlci.records.release import Release


class Move(StrEnum):
    STAY = "stay"
    STEP = "step"
    PROMOTE = "promote"
    PAUSE = "pause"
    TAKE_BACK = "take back"


def advance(
    progress: Progress,
    release: Release,
    watch: Watch,
    health: Health,
    *,
    incident: bool = False,
    approved: bool = False,
) -> Move:
    """Harm is looked at first; then a person's yes to a pause (``approved``), which promotes; then
    the step's bake time; then, on the last step, the evidence.

    HEALTHY says that the evidence suffices for promotion. Nothing moves up while nothing can be
    seen (UNKNOWN), nor in an ``incident`` of both arms. A promotion that was begun goes on, unless
    harm is shown before it is recorded. Past the deadline without one the policy decides:
    ``pause`` keeps weight and watching, ``abort`` takes the release back, unless nothing can be
    seen: that reverts nothing.
    """
    if health is Health.REGRESSED:
        return Move.TAKE_BACK
    if progress.intent is Intent.PROMOTE or approved:
        return Move.PROMOTE
    last = progress.step + 1 >= len(release.steps)
    if progress.baked >= release.steps[progress.step].bake and not incident:
        if not last and health is not Health.UNKNOWN:
            return Move.STEP
        if last and health is Health.HEALTHY:
            return Move.PROMOTE
    if progress.total >= watch.deadline:
        abort = watch.on_deadline == "abort" and health is not Health.UNKNOWN
        return Move.TAKE_BACK if abort else Move.PAUSE
    return Move.STAY
