"""A preview is checked before any user's request reaches it, beside the rounds.

In a process of its own (``preview``), so that neither a large exam nor a load gate delays a look at
the counters.
"""

import json
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field

from mlci.errors import Broken, MlciError, Undecided
from mlci.flow.served import Shelf
from mlci.flow.truth import read_rules
from mlci.flow.view import Now
from mlci.loadtest.processes import Child, child
from mlci.records.delivery import DeliveryRecord, to_json_bytes

_RETRY_AFTER = 5.0
_POLL = 0.5


@dataclass
class Smoke:
    """Of one delivery at a time; what was found out is forgotten with the next one."""

    shelf: Shelf
    _of: str = ""
    _asking: "Future[str] | None" = None
    _retry_at: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def busy(self) -> bool:
        return self._asking is not None and not self._asking.done()

    def stop(self) -> None:
        """The checks under way end, and find nothing."""
        self._over.set()

    def asked(self, record: DeliveryRecord, now: Now) -> str | None:
        """ "" once all is well, or what speaks against the preview; None while that isn't known: it
        is being asked, or nothing could be said, which is said here. What could not be asked is
        asked again; what a load gate left undecided is not, until people or the deadline decide."""
        environment = now.truth.rules.project.environment(record.environment)
        if environment is None or environment.port is None:
            return None
        if self._of != record.delivery:
            self._of, self._asking, self._retry_at = record.delivery, None, 0.0
        if self._asking is None:
            if time.monotonic() >= self._retry_at:
                port = environment.port
                self._asking = self.shelf.beside(lambda: self._ask(record, port))
            return None
        if not self._asking.done():
            return None
        error = self._asking.exception()
        if error is None:
            return self._asking.result()
        if not isinstance(error, MlciError):
            raise error
        if not isinstance(error, Undecided):
            self._asking, self._retry_at = None, time.monotonic() + _RETRY_AFTER
        self.shelf.explain(f"{record.version} stays a preview: {error}")
        return None

    def _ask(self, record: DeliveryRecord, port: int) -> str:
        shelf, rules = self.shelf, record.commit
        try:
            read_rules(shelf.repository, rules)
        except Broken:
            rules = shelf.tip().commit
        job = {
            "repository": str(shelf.repository.root or shelf.repository.git_dir),
            "store": str(shelf.store),
            "record": to_json_bytes(record).decode(),
            "rules": rules,
            "port": port,
        }
        with child("mlci.flow.preview") as process:
            try:
                process.write(json.dumps(job))
                said = json.loads(self._answer(process))
                wrong, undecided = str(said["wrong"]), str(said["undecided"])
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise Broken(
                    place="checks of the preview",
                    found=process.last_words() or f"{type(error).__name__}: {error}",
                    expected="answers of the preview to rows of the exam",
                ) from None
        if undecided and not wrong:
            raise Undecided(
                place="checks of the preview",
                found=undecided,
                expected="a load gate that decides",
                next_step="`mlci approve` once it is PAUSED, or release another change",
            )
        return wrong

    def _answer(self, process: Child) -> bytes:
        """However long the gates' budgets are; ValueError where it ends without one."""
        while not self._over.is_set():
            try:
                return process.read(_POLL)
            except TimeoutError:
                continue
        raise ValueError("the agent ends")
