"""Where a release stands before anything is measured: champion, way back, blocked, verdicts.

Everything here follows from the rules and the records alone.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from mlci.errors import Broken
from mlci.flow.recomputed import differences
from mlci.gitops import deliveries
from mlci.gitops.records_snapshot import RecordsSnapshot
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.outcome import Outcome
from mlci.records.policy import GatePolicy
from mlci.records.project import Project
from mlci.records.release import Release
from mlci.records.verdict import Verdict
from mlci.records.waiver import Waived
from mlci.reports.json import loads

_SHOWN = 16  # digits of a context's key in the names of its verdicts


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
    return Standing(
        champion=deliveries.champion(history),
        way_back=way_back(release, history),
        held=_held(release, project, records, history),
    )


def way_back(release: Release, history: Sequence[DeliveryRecord]) -> DeliveryRecord | None:
    """The record that admits the release on its own."""
    ways = deliveries.ways_back(history)
    return next((each for each in ways if each.manifest_digest == release.digest), None)


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
    """The key under which the first PASS or FAIL stands: policies with their packs, exam and
    champion."""
    return _key(
        (digest for policy in policies for digest in policy.digests),
        exam.source.digest,
        champion.model_digest if champion else "",
    )


def _key(policies: Iterable[str], exam: str, champion: str) -> str:
    parts = {"policies": sorted(set(policies)), "exam": exam, "champion": champion}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class RecordedVerdict:
    """A verdict on the records branch, and its file's name there."""

    id: str
    verdict: Verdict

    @property
    def outcome(self) -> Outcome:
        return self.verdict.outcome

    @property
    def admits(self) -> bool:
        return self.verdict.admits

    @property
    def waivers(self) -> tuple[Waived, ...]:
        return tuple(each.waived for each in self.verdict.judgements if each.waived)


def verdict_name(key: str, number: int) -> str:
    """The file of the ``number``-th verdict of a context: in the order of names, the oldest first.

    >>> verdict_name("0123456789abcdef" * 4, 2)
    '0123456789abcdef-0002.json'
    """
    return f"{key[:_SHOWN]}-{number:04}.json"


def recorded_verdicts(
    records: RecordsSnapshot, manifest_digest: str, key: str
) -> tuple[RecordedVerdict, ...]:
    """All verdicts on a manifest in one context, oldest first.

    Raises Broken where one can't be read, is about something else than its path says, or was
    edited: its outcome isn't the fold of its judgements.
    """
    return tuple(
        RecordedVerdict(id=name, verdict=_verdict(name, content, manifest_digest, key))
        for name, content in sorted(records.verdicts(manifest_digest).items())
        if name.startswith(key[:_SHOWN])
    )


def _verdict(name: str, content: bytes, manifest_digest: str, key: str) -> Verdict:
    place = f"mlci/records: verdict {name} on {manifest_digest[:19]}…"
    verdict = loads(content, place)
    champion = verdict.champion.model_digest if verdict.champion else ""
    digests = (digest for policy in verdict.policies for digest in policy.digests)
    own = _key(digests, verdict.evaluation[1], champion)
    if (verdict.release.digest, own) != (manifest_digest, key):
        raise Broken(
            place=place,
            found="a verdict on another manifest, or under other policies, exam or champion",
            expected="the verdict that its path names",
            next_step="see `git log mlci/records` for who wrote it",
        )
    if found := differences(verdict):
        raise Broken(
            place=place,
            found=f"a verdict that isn't the fold of its judgements: {'; '.join(found)}",
            expected="a verdict as mlci wrote it, and nobody edited",
            next_step="see `git log mlci/records` for who wrote it",
        )
    return verdict


def verdict_that_stands(
    records: RecordsSnapshot,
    manifest_digest: str,
    key: str,
    history: Sequence[DeliveryRecord],
    on: date,
) -> RecordedVerdict | None:
    """The first PASS or FAIL of the context that no `mlci approve` has put aside, and whose waivers
    hold ``on`` that day: what admitted under one that expired doesn't admit for ever."""
    aside = put_aside(history, manifest_digest)
    return next(
        (
            each
            for each in recorded_verdicts(records, manifest_digest, key)
            if each.id not in aside
            and not any(waived.expires < on for waived in each.waivers)
            and (each.outcome in (Outcome.PASS, Outcome.FAIL) or each.admits)
        ),
        None,
    )


def undecided(
    records: RecordsSnapshot,
    manifest_digest: str,
    key: str,
    history: Sequence[DeliveryRecord],
) -> RecordedVerdict | None:
    """The newest verdict of the context, where it decides nothing and nobody has put it aside."""
    tried = recorded_verdicts(records, manifest_digest, key)
    if not tried or tried[-1].id in put_aside(history, manifest_digest):
        return None
    last = tried[-1]
    decides = last.admits or last.outcome in (Outcome.PASS, Outcome.FAIL)
    return None if decides else last


def put_aside(history: Sequence[DeliveryRecord], manifest_digest: str) -> frozenset[str]:
    """The verdicts on a manifest after each of which a person permitted another gate run."""
    return frozenset(
        each.verdict
        for each in history
        if each.state is State.APPROVED and each.manifest_digest == manifest_digest and each.verdict
    )
