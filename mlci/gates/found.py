"""A number that knows its bounds at any confidence, or the reason why there is none."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from mlci.gates.decision import Interval
from mlci.records.outcome import Outcome
from mlci.statistics.nobounds import NoBounds

_USUAL = 0.95


@dataclass(frozen=True, kw_only=True)
class Found:
    """A number with its pair of one-sided bounds; ``effective``: so many independent rows of equal
    weight would tell as much, None where that is what the rows are."""

    value: float
    interval: Interval
    effective: float | None = None

    def mirrored(self) -> "Found":
        """The same where smaller is better."""
        low, high = self.interval
        return Found(value=-self.value, interval=(-high, -low), effective=self.effective)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """``at`` gives the number and its bounds, each at the confidence asked for, from ``n`` rows."""

    n: int
    at: Callable[[float], Found]

    @property
    def value(self) -> float:
        return self.at(_USUAL).value

    def bounds(self, confidence: float) -> Interval:
        return self.at(confidence).interval


@dataclass(frozen=True, kw_only=True)
class Undefined:
    """No number, and why; ``outcome`` is what that means where the number was required."""

    reason: str
    n: int
    outcome: Outcome = Outcome.ERROR


def known(n: int, at: Callable[[float], Found]) -> Estimate | Undefined:
    """Tries the usual level: what has no bounds there has no estimate that could be shown."""
    at = cache(at)
    try:
        at(_USUAL)
    except NoBounds as why:
        return Undefined(reason=str(why), n=n, outcome=Outcome.INCONCLUSIVE)
    return Estimate(n=n, at=at)
