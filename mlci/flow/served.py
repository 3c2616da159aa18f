"""From a delivery's record to what answers for it: release, verified model file, and its watch."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from mlci.delivery.engine import Server
from mlci.errors import MlciError
from mlci.flow.artifacts import Artifacts
from mlci.flow.case import recorded_release
from mlci.flow.truth import Rules
from mlci.flow.watched import watch_of
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord
from mlci.records.policy import Watch
from mlci.records.release import Release

_RETRY_AFTER = 5.0
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Served:
    """``watch`` is what the policies said when the delivery began: it binds until its end."""

    release: Release
    server: Server
    watch: Watch


class Beside(Protocol):
    """Runs an act in another thread."""

    def __call__(self, act: Callable[[], Result], /) -> "Future[Result]": ...


@dataclass
class Shelf:
    """Model files by delivery, brought beside the rounds: a download never delays a look.

    ``tip`` gives the newest rules, for a shallow clone that lacks those of a delivery's start.
    """

    repository: Repository
    store: Path
    beside: Beside
    tip: Callable[[], Rules]
    explain: Callable[[str], None]
    _coming: dict[str, "Future[Served]"] = field(default_factory=dict)
    _failed: dict[str, float] = field(default_factory=dict)

    def find(self, record: DeliveryRecord) -> Served | None:
        """None while its file is still coming, or can't be had; that is said, and tried again."""
        delivery = record.delivery
        if delivery not in self._coming:
            if time.monotonic() < self._failed.get(delivery, 0.0):
                return None
            self._coming[delivery] = self.beside(lambda: self._bring(record))
        coming = self._coming[delivery]
        if not coming.done():
            return None
        error = coming.exception()
        if error is None:
            self._failed.pop(delivery, None)
            return coming.result()
        del self._coming[delivery]
        if not isinstance(error, MlciError):
            raise error
        self._failed[delivery] = time.monotonic() + _RETRY_AFTER
        self.explain(str(error))
        return None

    def failed(self, record: DeliveryRecord) -> bool:
        """True where the newest attempt that ended was in vain."""
        return record.delivery in self._failed

    @property
    def busy(self) -> bool:
        return not all(coming.done() for coming in self._coming.values())

    def _bring(self, record: DeliveryRecord) -> Served:
        release = recorded_release(self.repository, record)
        model = Artifacts(
            repository=self.repository,
            store=self.store,
            sources=None,
            tree=None,
            commits=(record.commit,),
            blobs=record.artifacts,
        ).fetch(
            release.model.uri, release.model.digest, release.source.at("spec", "model", "digest")
        )
        return Served(
            release=release,
            server=Server(
                model=release.name,
                version=release.version,
                manifest_digest=release.digest,
                model_digest=release.model.digest,
                model_file=model,
            ),
            watch=watch_of(self.repository, record, release, self.tip()),
        )
