"""What Git holds of each model of an environment, read once however many models ask.

A listing and the blobs of a commit never change: what another reading of Git names again isn't
read again, and a thousand models cost a few processes of git instead of some for each.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from mlci.errors import Broken
from mlci.flow.truth import PROJECT, Truth
from mlci.gitops.records_snapshot import history_of
from mlci.gitops.repository import REGULAR, Repository
from mlci.records.delivery import Blob, DeliveryRecord
from mlci.records.release import release_path

_RULES = ("policies/", "evaluations/")


@dataclass(frozen=True, kw_only=True)
class Own:
    """All that a reading of one model rests on: ``files`` of the release and its bundle at the tip,
    its ``records``, and the files of the ``rules``. Equal ones say the same."""

    files: tuple[Blob, ...]
    records: tuple[Blob, ...]
    rules: tuple[Blob, ...]


@dataclass
class Holdings:
    """Of the newest reading that was asked about; one thread at a time may ask."""

    repository: Repository
    environment: str
    _of: tuple[str, str, str | None] | None = None
    _models: tuple[str, ...] = ()
    _rules: tuple[Blob, ...] = ()
    _files: Mapping[str, tuple[Blob, ...]] = field(default_factory=dict)
    _records: Mapping[str, tuple[Blob, ...]] = field(default_factory=dict)
    _contents: dict[str, bytes] = field(default_factory=dict)

    def models(self, truth: Truth) -> tuple[str, ...]:
        """Those with a manifest at the tip or a record, in the order of their names."""
        self._read(truth)
        return self._models

    def own(self, truth: Truth, model: str) -> Own:
        self._read(truth)
        return Own(
            files=self._files.get(model, ()),
            records=self._records.get(model, ()),
            rules=self._rules,
        )

    def history(self, own: Own, model: str) -> tuple[DeliveryRecord, ...]:
        """Raises Broken as ``RecordsSnapshot.deliveries`` does."""
        contents = {each.path: self.content(each) for each in own.records}
        return history_of(contents, self.environment, model)

    def content(self, blob: Blob) -> bytes:
        """Raises Broken where the object is missing."""
        found = self._contents.get(blob.oid)
        return self.repository.blob(blob.oid) if found is None else found

    def _read(self, truth: Truth) -> None:
        tip, records = truth.protected.commit, truth.records.commit
        of = (tip, truth.rules.commit, records)
        if of == self._of:
            return
        there = self.repository.entries(tip, "releases/", "deploy/")
        folder = f"deliveries/{self.environment}/"
        recorded = self.repository.entries(records, folder) if records else ()
        self._rules = self.repository.entries(truth.rules.commit, PROJECT, *_RULES)
        self._files = _grouped(there, self._model)
        self._records = _grouped(recorded, lambda path: path.split("/")[2])
        manifests = [each for each in there if each.path == self._manifest(each.path)]
        asked = {each.path.split("/")[1] for each in manifests}
        self._models = tuple(sorted(asked | set(self._records)))
        self._keep([*manifests, *recorded])
        self._of = of

    def _manifest(self, path: str) -> str:
        return release_path(path.split("/")[1], self.environment)

    def _model(self, path: str) -> str | None:
        """Whose file this is in this environment, by its place."""
        match path.split("/"):
            case ["releases", model, file] if file == f"{self.environment}.yaml":
                return model
            case ["deploy", self.environment, model, *_]:
                return model
        return None

    def _keep(self, blobs: Sequence[Blob]) -> None:
        """Where an object is missing, it is so for the model that asks for it, and for no other."""
        oids = {each.oid for each in blobs if each.mode in REGULAR}
        kept = {oid: self._contents[oid] for oid in oids & self._contents.keys()}
        with suppress(Broken):
            kept |= self.repository.blobs(sorted(oids - kept.keys()))
        self._contents = kept


def _grouped(
    blobs: Sequence[Blob], key: Callable[[str], str | None]
) -> dict[str, tuple[Blob, ...]]:
    groups: dict[str, list[Blob]] = {}
    for blob in blobs:
        name = key(blob.path)
        if name is not None:
            groups.setdefault(name, []).append(blob)
    return {name: tuple(group) for name, group in groups.items()}
