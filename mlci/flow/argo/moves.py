"""The next move of a delivery that Argo has in hand. Pure."""

from enum import StrEnum

from mlci.flow.argo.answers import Circumstances
from mlci.flow.argo.fate import Fate, Stage
from mlci.records.delivery import State
from mlci.records.outcome import Health
from mlci.watch.judge import Assessment


class Move(StrEnum):
    """HEALTHY, PAUSE and RESUMED are recorded; HARM is written down, then acted on; RETRY and
    GO_ON are asked of Argo; ABORTED is for people."""

    STAY = "stay"
    HEALTHY = "healthy"
    HARM = "harm"
    RETRY = "retry"
    GO_ON = "go on"
    RESUMED = "resumed"
    PAUSE = "pause"
    LATE = "late"
    ABORTED = "aborted"


def move(
    at: Fate, state: State, seen: Assessment, around: Circumstances, *, certified: bool
) -> Move:
    """``certified``: the evidence sufficed before, whichever agent saw it.

    An abort by an answer that nobody gave is tried again, as the same delivery; one by a person is
    the person's word. Nothing goes on while the delivery is ``held``.
    """
    if at.stage is Stage.FAILED or seen.health is Health.REGRESSED:
        return Move.HARM
    if at.stage is Stage.PROMOTED and (certified or seen.health is Health.HEALTHY):
        return Move.HEALTHY
    paused = state is State.PAUSED
    if at.stage is Stage.ABORTED and not paused:
        return Move.ABORTED
    if at.stage is Stage.STOPPED and not paused:
        return Move.PAUSE
    if around.held:
        return Move.STAY
    if at.stage is Stage.SILENT or (at.stage is Stage.ABORTED and around.approved):
        return Move.RETRY
    if at.stage is Stage.STOPPED:
        return Move.GO_ON if around.approved else Move.STAY
    if around.late:
        return Move.LATE
    if paused and around.approved and at.stage is Stage.MOVING:
        return Move.RESUMED
    return Move.STAY
