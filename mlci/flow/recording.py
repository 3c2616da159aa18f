"""What happened -> one record on the records branch, unless somebody recorded first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from mlci.flow.artifacts import in_repository
from mlci.gitops.records_branch import RecordsBranch, Write
from mlci.gitops.records_snapshot import RecordsSnapshot
from mlci.gitops.repository import Repository
from mlci.records.delivery import Blob, DeliveryRecord, State, to_json_bytes
from mlci.records.release import Release, bundle_path


def record_of(
    repository: Repository,
    release: Release,
    *,
    commit: str,
    state: State,
    delivery: str,
    previous: str,
    reason: str,
    by: str,
    verdict: str = "",
) -> DeliveryRecord:
    """A record of a release as it stands at ``commit``, with the blobs that restore it."""
    bundle = f"{bundle_path(release.name, release.environment)}/"
    return DeliveryRecord(
        seq=0,
        delivery=delivery,
        state=state,
        environment=release.environment,
        model=release.name,
        version=release.version,
        manifest_digest=release.digest,
        model_digest=release.model.digest,
        commit=commit,
        reason=reason,
        time=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        by=by,
        previous=previous,
        verdict=verdict,
        paths=(*repository.entries(commit, release.path), *repository.entries(commit, bundle)),
        artifacts=in_repository(repository, commit, [release.model.uri]),
    )


def next_state(
    before: DeliveryRecord,
    state: State,
    reason: str,
    *,
    by: str,
    reversal: str = "",
    evidence: Mapping[str, float] | None = None,
    step: int = 0,
) -> DeliveryRecord:
    """The same delivery, one state further; ``step`` is the one that PAUSED is about."""
    return replace(
        before,
        state=state,
        reason=reason,
        by=by,
        reversal=reversal,
        evidence=evidence or {},
        step=step,
        time=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


def append(
    branch: RecordsBranch, record: DeliveryRecord, seen: Sequence[DeliveryRecord]
) -> RecordsSnapshot:
    """Appends the record if ``seen`` is still all that there is of its model and environment.

    Otherwise nothing is written: whoever came first changed what there is to decide.
    """
    newest = seen[-1].seq if seen else 0

    def write(records: RecordsSnapshot) -> list[Write] | None:
        history = records.deliveries(record.environment, record.model)
        if (history[-1].seq if history else 0) != newest:
            return None
        numbered = replace(record, seq=newest + 1)
        folder = f"deliveries/{record.environment}/{record.model}"
        return [
            Write(path=f"{folder}/{numbered.seq:06}.json", content=to_json_bytes(numbered)),
            *(_keep(blob) for blob in (*record.paths, *record.artifacts)),
        ]

    return branch.append(
        write, f"{record.state} {record.model}/{record.environment}@{record.version}"
    )


def _keep(blob: Blob) -> Write:
    """The blob itself goes along, so that a fetch of depth 1 can restore it."""
    return Write(path=f"blobs/{blob.oid[:2]}/{blob.oid}", oid=blob.oid)
