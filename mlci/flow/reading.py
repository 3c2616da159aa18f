"""The agent's view of Git, read beside its rounds: the last good one, and what is wrong now."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlci.errors import Broken, MlciError
from mlci.flow.files import write_whole
from mlci.flow.truth import Truth, read_truth, recall, remembered
from mlci.gitops.repository import Repository

# An older reading is none: what was merged or held meanwhile isn't in it.
_STALE_POLLS = 3.0


@dataclass
class Reader:
    """One thread does all that touches the network: reading, and acts after which it reads again.

    ``truth`` is the newest reading that succeeded; ``error`` is why the newest one did not.
    ``poll`` and ``patience`` are in seconds; ``memory`` is a file that holds the last good reading,
    for an agent that starts while Git can't be read.
    """

    repository: Repository
    base: str | None
    poll: float
    memory: Path
    patience: float = 10.0
    truth: Truth | None = None
    error: MlciError | None = None
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="mlci-git")
    )
    _reading: "Future[None] | None" = None
    _asked_at: float = 0.0
    _read_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def newest(self) -> Truth:
        """``truth``, or what is wrong raised where nothing could ever be read."""
        if self.truth is None:
            self.truth = self._recalled()
        if self.truth is not None:
            return self.truth
        raise self.error or Broken(
            place=self.repository.place, found="nothing was read yet", expected="a protected ref"
        )

    def trouble(self) -> str:
        """Why nothing can be decided on ``truth`` now; empty where it is fresh."""
        age = time.monotonic() - self._read_at
        if self.error is None and age > max(_STALE_POLLS * self.poll, self.patience):
            return "Git gives no answer"
        return str(self.error or "")

    def keep_fresh(self) -> None:
        """Asks for a new reading every ``poll`` seconds."""
        if time.monotonic() - self._asked_at >= self.poll:
            self.refresh()

    def refresh(self) -> "Future[None]":
        """Asks for a new reading, unless one is under way.

        What went wrong with the last one, other than an MlciError, is a bug and raised here.
        """
        self._asked_at = time.monotonic()
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
        begun = time.monotonic()
        try:
            truth = read_truth(self.repository, self.base)
            self._remember(truth)
            self.truth, self._read_at, self.error = truth, begun, None
        except MlciError as error:
            self.error = error

    def _remember(self, truth: Truth) -> None:
        """Only where an engine has its files: what serves is what has to go on."""
        data = remembered(truth)
        if self.memory.parent.is_dir() and self._memory() != data:
            write_whole(self.memory, json.dumps(data).encode())

    def _memory(self) -> Any:
        try:
            return json.loads(self.memory.read_bytes())
        except (OSError, ValueError):
            return None

    def _recalled(self) -> Truth | None:
        try:
            return recall(self.repository, self._memory())
        except (KeyError, TypeError, ValueError, MlciError):
            return None
