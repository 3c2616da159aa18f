"""What the agent answers to who asks about a release, in one word."""

from enum import StrEnum


class Answer(StrEnum):
    """WATCHING: no decision yet. UNKNOWN: nothing can be seen. GATING and HELD: not admitted."""

    HEALTHY = "HEALTHY"
    WATCHING = "WATCHING"
    REGRESSED = "REGRESSED"
    UNKNOWN = "UNKNOWN"
    GATING = "GATING"
    HELD = "HELD"

    @property
    def admits(self) -> bool:
        """Whether pods of the release may start."""
        return self in (Answer.HEALTHY, Answer.WATCHING)
