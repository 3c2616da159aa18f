"""The words for what came out: of a gate, and of watching live traffic."""

from enum import StrEnum


class Outcome(StrEnum):
    """What a judgement or a verdict says. A required gate counts only as PASS."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"
    SKIPPED = "SKIPPED"

    @property
    def exit_code(self) -> int:
        return {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3, "ERROR": 5, "SKIPPED": 5}[self.value]

    @property
    def waivable(self) -> bool:
        """Whether a waiver can accept it: what was measured and isn't good enough, never what was
        not measured."""
        return self in (Outcome.FAIL, Outcome.INCONCLUSIVE)


class Health(StrEnum):
    """What live traffic says of a delivery. UNKNOWN never reverts and never promotes."""

    HEALTHY = "HEALTHY"
    REGRESSED = "REGRESSED"
    WATCHING = "WATCHING"
    UNKNOWN = "UNKNOWN"
