"""How a release takes over: the strategy, and the steps of a canary."""

from dataclasses import dataclass

from mlci.records.defaults import PROGRESS_DEADLINE, SCALE_DOWN_DELAY
from mlci.records.strategy import Strategy as Strategy


@dataclass(frozen=True, kw_only=True)
class Step:
    """A share of the traffic (percent, 1..100) and how long it stays there (seconds)."""

    weight: int
    bake: float


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Nothing goes on until a person approves."""


@dataclass(frozen=True, kw_only=True)
class Shadow:
    """The candidate gets copies of a share of the requests (0..1) for so many seconds."""

    share: float
    bake: float


@dataclass(frozen=True, kw_only=True)
class Header:
    """From here on, requests with this header go to the candidate."""

    name: str
    value: str


AnyStep = Step | Pause | Shadow | Header


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """``scale_down_delay`` is how long the former release is kept warm, ``progress_deadline`` how
    long a change may be without any progress, both in seconds. ``approval``: a blue-green switch
    waits for a person."""

    strategy: Strategy = Strategy.CANARY
    steps: tuple[AnyStep, ...] = ()
    scale_down_delay: float = SCALE_DOWN_DELAY
    progress_deadline: float = PROGRESS_DEADLINE
    approval: bool = False

    @property
    def weights(self) -> tuple[Step, ...]:
        """The steps that move traffic."""
        return tuple(step for step in self.steps if isinstance(step, Step))
