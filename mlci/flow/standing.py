"""Where a release stands before anything is measured: champion, way back, blocked, verdicts.

Everything here is a pure function of the rules and the records.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlci.gitops import deliveries
from mlci.gitops.records_snapshot import RecordsSnapshot
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.policy import GatePolicy
from mlci.records.project import Project
from mlci.records.release import Release


@dataclass(frozen=True, kw_only=True)
class Standing:
    """``champion`` is None for a first release; ``way_back`` admits on the record alone;
    ``held`` says why the release may not go on, or is empty."""

    champion: DeliveryRecord | None
    way_back: DeliveryRecord | None
    held: str

    def comparing(self, release: Release) -> bool:
        """Two models are compared only where there are two."""
        return self.champion is not None and self.champion.model_digest != release.model.digest


def stand(release: Release, project: Project, records: RecordsSnapshot) -> Standing:
    history = records.deliveries(release.environment, release.name)
    way_back = next(
        (each for each in deliveries.ways_back(history) if each.manifest_digest == release.digest),
        None,
    )
    return Standing(
        champion=deliveries.champion(history),
        way_back=way_back,
        held=_held(release, project, records, history),
    )


def _held(
    release: Release,
    project: Project,
    records: RecordsSnapshot,
    history: Sequence[DeliveryRecord],
) -> str:
    blocked = deliveries.blocked(history, release.model.digest)
    if blocked is not None:
        return (
            f"model {release.model.digest[:19]}… REGRESSED in {release.environment} "
            f"(delivery {blocked.delivery[:12]}: {blocked.reason}); "
            f"`mlci approve {release.path}` permits one more delivery"
        )
    environment = project.environment(release.environment)
    if environment is None or environment.after is None:
        return ""
    before = records.deliveries(environment.after, release.name)
    if any(each.model_digest == release.model.digest for each in deliveries.standing(before)):
        return ""
    return (
        f"model {release.model.digest[:19]}… is not HEALTHY in {environment.after}, "
        f"which comes before {release.environment}; release it there first"
    )


def context(
    policies: Sequence[GatePolicy], exam: EvaluationSet, champion: DeliveryRecord | None
) -> str:
    """The key under which the first PASS or FAIL stands: policies, exam and champion."""
    parts = {
        "policies": sorted(policy.source.digest for policy in policies),
        "exam": exam.source.digest,
        "champion": champion.model_digest if champion else "",
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class RecordedVerdict:
    """A verdict on the records branch: its file's path and its JSON."""

    id: str
    data: dict[str, Any]

    @property
    def outcome(self) -> str:
        return str(self.data["outcome"])

    @property
    def admits(self) -> bool:
        return bool(self.data["admits"])


def recorded_verdicts(
    records: RecordsSnapshot, manifest_digest: str, key: str
) -> tuple[RecordedVerdict, ...]:
    """All verdicts on a manifest in one context, oldest first."""
    return tuple(
        RecordedVerdict(id=name, data=json.loads(content))
        for name, content in sorted(records.verdicts(manifest_digest).items())
        if name.startswith(key[:16])
    )


def verdict_that_stands(
    records: RecordsSnapshot,
    manifest_digest: str,
    key: str,
    history: Sequence[DeliveryRecord],
) -> RecordedVerdict | None:
    """The first PASS or FAIL of the context; after each `mlci approve`, the first one after it."""
    skip = reruns(history, manifest_digest)
    decided = [
        verdict
        for verdict in recorded_verdicts(records, manifest_digest, key)
        if verdict.outcome in ("PASS", "FAIL") or verdict.admits
    ]
    return decided[skip] if len(decided) > skip else None


def reruns(history: Sequence[DeliveryRecord], manifest_digest: str) -> int:
    """How often a person permitted another gate run of this manifest."""
    return sum(
        each.state is State.APPROVED and each.manifest_digest == manifest_digest for each in history
    )
