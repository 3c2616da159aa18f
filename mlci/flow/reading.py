"""The agent's view of Git, read beside its rounds: the last good one, and what is wrong now."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from mlci.errors import BadInput, MlciError
from mlci.flow.truth import PROJECT, Truth, read_truth
from mlci.gitops.repository import Repository


@dataclass
class Reader:
    """One thread does all that touches the network: reading, and acts after which it reads again.

    ``truth`` is the newest reading that succeeded; ``problem`` is why the newest one did not.
    """

    repository: Repository
    base: str | None
    truth: Truth | None = None
    problem: str = ""
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="mlci-git")
    )
    _reading: "Future[None] | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

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
            truth = read_truth(self.repository, self.base)
            _check_project(truth)
            self.truth = truth
            self.problem = ""
        except MlciError as error:
            self.problem = str(error)


def _check_project(truth: Truth) -> None:
    """A command may read a first project file from where it stands; the agent stands nowhere."""
    if truth.rules.commit != truth.protected.commit:
        raise BadInput(
            place=f"{truth.protected.ref}:{PROJECT}",
            found="no project file at the protected ref",
            expected=f"a committed {PROJECT}",
            next_step="commit one; until then all is HELD and nothing is stopped",
        )
