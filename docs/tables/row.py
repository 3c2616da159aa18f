"""One line of a table of error rates, and whether it keeps its promise."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """A share of runs. ``promised`` is the most it may be, None for a rate shown for contrast."""

    what: str
    setting: str
    rate: float
    runs: int
    promised: float | None = None

    def holds(self) -> bool:
        """Within the promise, plus three standard errors of the simulation."""
        if self.promised is None:
            return True
        error = math.sqrt(self.promised * (1 - self.promised) / self.runs) if self.runs else 0.0
        return self.rate <= self.promised + 3 * error
