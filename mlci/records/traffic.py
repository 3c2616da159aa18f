"""What a proxy counted of live traffic, arm by arm: the hop from delivery to watch."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ArmCounts:
    """One server's cumulative counts since the proxy started.

    ``started`` requests were sent to it; ``ended`` of them are over: answered, failed, or left by
    their client; ``completed`` of those have a status code, by code in ``codes``; ``failed`` of
    those are 5xx, connection failures and timeouts among them; ``active`` are in flight.
    ``buckets`` are (le in seconds, answers that took no longer), ascending, of real answers only;
    they are read last, and up to ``late`` of their answers are not among the ``ended``.

    The counts are read in an order that makes ``ended`` never too large, and ``started`` and
    ``buckets`` never too small, for the moment of ``active``: what is derived from them errs
    towards fewer bad events.
    """

    started: int
    ended: int
    completed: int
    failed: int
    active: int
    buckets: tuple[tuple[float, int], ...]
    codes: Mapping[int, int] = field(default_factory=dict)
    late: int = 0

    @property
    def refused(self) -> int:
        """Answers that say the request is wrong: 4xx."""
        return sum(count for code, count in self.codes.items() if 400 <= code < 500)

    def answered_within(self, bound: float) -> int:
        """Answers that took at most ``bound`` seconds, or a little more where no edge is there: the
        smallest edge from ``bound`` on counts, so that too few are called slow, never too many."""
        edges = (count for edge, count in self.buckets if edge > bound - 1e-9)
        return next(edges, self.buckets[-1][1] if self.buckets else 0)


def copies_for(identity: str) -> str:
    """By what the copies of requests that a server gets are counted: nobody waits for them."""
    return f"copies {identity}"


def of_testers(identity: str) -> str:
    """By what the requests of those who ask for a server by a header are counted."""
    return f"testers {identity}"


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """All arms' counts at ``time`` (seconds on a clock that never jumps), by server identity; a
    server's copies and testers are arms of their own."""

    time: float
    arms: Mapping[str, ArmCounts]
