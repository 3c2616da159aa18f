"""The agent's view of Git, read beside its rounds: the last good one, and what is wrong now."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from mlci.errors import Broken, MlciError
from mlci.flow.truth import Truth, read_truth
from mlci.gitops.repository import Repository


@dataclass
class Reader:
    """One thread does all that touches the network: reading, and acts after which it reads again.

    ``truth`` is the newest reading that succeeded; ``error`` is why the newest one did not.
    """

    repository: Repository
    base: str | None
    truth: Truth | None = None
    error: MlciError | None = None
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="mlci-git")
    )
    _reading: "Future[None] | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def newest(self) -> Truth:
        """``truth``, or what is wrong raised where nothing could be read yet."""
        if self.truth is not None:
            return self.truth
        raise self.error or Broken(
            place=self.repository.place, found="nothing was read yet", expected="a protected ref"
        )

    def refresh(self) -> "Future[None]":
        """Asks for a new reading, unless one is under way.

        What went wrong with the last one, other than an MlciError, is a bug and raised here.
        """
        with self._lock:
            if self._reading is not None and self._reading.done():
                self._reading.result()
                self._reading = None
            if self._reading is None:
                self._reading = self._pool.submit(self._read)
            return self._reading

    def act(self, act: Callable[[], object]) -> "Future[None]":
        """Does something to Git, then reads; the future holds the act's error, if any."""

        def both() -> None:
            try:
                act()
            finally:
                self._read()

        return self._pool.submit(both)

    def close(self) -> None:
        """Lets the act under way end; those that wait are dropped: the next agent begins them."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _read(self) -> None:
        try:
            self.truth = read_truth(self.repository, self.base)
            self.error = None
        except MlciError as error:
            self.error = error
