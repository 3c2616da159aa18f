"""From a delivery's record to the server that answers for it: release, and verified model file."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from mlci.delivery.engine import Server
from mlci.errors import MlciError
from mlci.flow.artifacts import Artifacts
from mlci.flow.case import recorded_release
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord
from mlci.records.release import Release


@dataclass(frozen=True, kw_only=True)
class Served:
    release: Release
    server: Server


@dataclass
class Shelf:
    """Model files by delivery, brought beside the rounds: a download never delays a look."""

    repository: Repository
    store: Path
    beside: Callable[[Callable[[], Served]], "Future[Served]"]
    explain: Callable[[str], None]
    _coming: dict[str, "Future[Served]"] = field(default_factory=dict)

    def find(self, record: DeliveryRecord) -> Served | None:
        """None while its file is still coming, or can't be had; that is said, and tried again."""
        coming = self._coming.get(record.manifest_digest)
        if coming is None:
            coming = self.beside(lambda: self._bring(record))
            self._coming[record.manifest_digest] = coming
        if not coming.done():
            return None
        error = coming.exception()
        if error is None:
            return coming.result()
        del self._coming[record.manifest_digest]
        if not isinstance(error, MlciError):
            raise error
        self.explain(str(error))
        return None

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
        )
