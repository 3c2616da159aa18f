"""Acts beside the rounds: one at a time, tried again later when they fail."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from mlci.errors import MlciError

_LONGEST_PAUSE = 30.0


@dataclass
class Doing:
    """``beside`` runs an act in another thread."""

    beside: Callable[[Callable[[], object]], "Future[Any]"]
    explain: Callable[[str], None]
    _pending: "Future[Any] | None" = None
    _failures: int = 0
    _retry_at: float = 0.0

    def act(self, act: Callable[[], object]) -> None:
        """Begins the act, unless another is under way or the last failure is too fresh."""
        if self._pending is None and time.monotonic() >= self._retry_at:
            self._pending = self.beside(act)

    @property
    def busy(self) -> bool:
        return self._pending is not None

    def settle(self) -> bool:
        """What the act under way came to; True where one has ended well since the last call."""
        if self._pending is None or not self._pending.done():
            return False
        error = self._pending.exception()
        self._pending = None
        if error is None:
            self._failures = 0
            return True
        if not isinstance(error, MlciError):
            raise error
        self._failures += 1
        self._retry_at = time.monotonic() + min(_LONGEST_PAUSE, 2.0 ** (self._failures - 1))
        self.explain(f"could not be done yet: {error}")
        return False
