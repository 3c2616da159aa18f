"""Acts on Git beside the rounds: one at a time, tried again later when they fail."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from mlci.errors import MlciError
from mlci.flow.recording import append
from mlci.gitops.records_branch import RecordsBranch
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord

_LONGEST_PAUSE = 30.0


@dataclass
class Scribe:
    """``beside`` runs an act in another thread, then reads Git again before its future is done."""

    repository: Repository
    beside: Callable[[Callable[[], object]], "Future[None]"]
    explain: Callable[[str], None]
    _pending: "Future[None] | None" = None
    _failures: int = 0
    _retry_at: float = 0.0

    def append(self, record: DeliveryRecord, seen: Sequence[DeliveryRecord]) -> None:
        """Records, unless ``seen`` is no longer all there is; then the next round decides anew."""
        self.act(lambda: append(RecordsBranch(self.repository), record, seen))

    def act(self, act: Callable[[], object]) -> None:
        """Begins the act, unless another is under way or the last failure is too fresh."""
        if self._pending is None and time.monotonic() >= self._retry_at:
            self._pending = self.beside(act)

    @property
    def busy(self) -> bool:
        return self._pending is not None

    def settle(self) -> None:
        """What the act under way came to, if it has ended."""
        if self._pending is None or not self._pending.done():
            return
        error = self._pending.exception()
        self._pending = None
        if error is None:
            self._failures = 0
        elif isinstance(error, MlciError):
            self._failures += 1
            self._retry_at = time.monotonic() + min(_LONGEST_PAUSE, 2.0 ** (self._failures - 1))
            self.explain(f"could not be done yet: {error}")
        else:
            raise error
