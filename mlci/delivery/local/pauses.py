"""When what has ended may be started again: at once, then after pauses that grow."""

import time
from dataclasses import dataclass, field

FIRST, LONGEST = 5.0, 300.0


@dataclass
class Pauses:
    """By program, in seconds: none, then 5, 10, 20 … 300."""

    _next: dict[str, tuple[float, float]] = field(default_factory=dict)

    def due(self, name: str) -> bool:
        """Whether ``name`` may be started now; if so, the following pause begins."""
        now = time.monotonic()
        at, pause = self._next.get(name, (now, FIRST))
        if now < at:
            return False
        self._next[name] = (now + pause, min(LONGEST, 2 * pause))
        return True

    def over(self, name: str) -> None:
        """It runs well: its next end is a first one."""
        self._next.pop(name, None)
