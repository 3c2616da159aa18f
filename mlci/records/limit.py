"""What a measurement is held against."""

from dataclasses import dataclass
from enum import StrEnum


class LimitKind(StrEnum):
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    MARGIN = "margin"
    ANCHOR = "anchor"
    MAXIMUM_DIFFERENCE = "maximumDifference"
    MINIMUM_RATIO = "minimumRatio"
    MAXIMUM_RATIO = "maximumRatio"
    OBJECTIVE = "objective"

    @property
    def compared(self) -> bool:
        """Whether it bounds how much worse than another model the candidate may be."""
        return self in (LimitKind.MARGIN, LimitKind.ANCHOR)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """``value`` is in the metric's unit (latency: seconds); that of MARGIN is a margin to the
    champion, that of ANCHOR one to an older release."""

    kind: LimitKind
    value: float
