"""Prometheus's clock, on which all moments of a delivery lie; asked beside the rounds."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from mlci.errors import MlciError
from mlci.flow.explain import Explain
from mlci.watch.prometheus.client import Client

_EVERY = 10.0
_STALE = 60.0


@dataclass
class Moment:
    """``beside`` runs a question in another thread."""

    client: Client
    beside: Callable[[Callable[[], float]], "Future[float]"]
    explain: Explain
    _answered: tuple[float, float] | None = None
    _asked: "Future[float] | None" = None
    _asked_at: float = float("-inf")

    def keep_fresh(self) -> None:
        if self._asked is not None and self._asked.done():
            error = self._asked.exception()
            if error is None:
                self._answered = (self._asked_at, self._asked.result())
            elif not isinstance(error, MlciError):
                raise error
            self.explain(str(error or ""), topic="prometheus")
            self._asked = None
        if self._asked is None and time.monotonic() - self._asked_at >= _EVERY:
            self._asked_at = time.monotonic()
            self._asked = self.beside(self.client.clock)

    def now(self) -> float | None:
        """Seconds; None where Prometheus has not answered for a minute."""
        if self._answered is None:
            return None
        age = time.monotonic() - self._answered[0]
        return self._answered[1] + age if age < _STALE else None
