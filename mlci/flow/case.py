"""All that a gate judges by, read once: release, rules, standing and champion."""

from dataclasses import dataclass

from mlci.errors import BadInput, Broken, Invalid
from mlci.flow.artifacts import Artifacts
from mlci.flow.files import state_of
from mlci.flow.standing import Standing, context, stand
from mlci.flow.truth import Rules, Truth, read_truth
from mlci.gitops.repository import Repository
from mlci.manifest.release import parse_release
from mlci.manifest.together import check_release
from mlci.policy.plan import applicable
from mlci.records.delivery import DeliveryRecord
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.policy import GatePolicy
from mlci.records.release import Release, release_path


@dataclass(frozen=True, kw_only=True)
class Case:
    """``key`` is the context under which a verdict stands."""

    repository: Repository
    truth: Truth
    release: Release
    policies: tuple[GatePolicy, ...]
    exam: EvaluationSet
    standing: Standing
    champion: Release | None
    key: str

    @property
    def rules(self) -> Rules:
        return self.truth.rules


def read_case(repository: Repository, path: str, *, base: str | None, at: str | None) -> Case:
    """Reads truth, release and champion, and checks that they fit together."""
    truth = read_truth(repository, base)
    release = parse_release(path, read_where_you_stand(repository, path, at))
    rules = truth.rules
    problems = check_release(release, rules.project, rules.policies, rules.exams)
    if problems:
        raise Invalid(tuple(problems))
    policies = applicable(rules.policies, release)
    standing = stand(release, rules.project, truth.records)
    exam = rules.exams[release.evaluation]
    return Case(
        repository=repository,
        truth=truth,
        release=release,
        policies=policies,
        exam=exam,
        standing=standing,
        champion=recorded_release(repository, standing.champion) if standing.champion else None,
        key=context(policies, exam, standing.champion),
    )


def read_where_you_stand(repository: Repository, path: str, at: str | None) -> bytes:
    if at is not None or repository.root is None:
        return repository.read(repository.resolve(at or "HEAD"), path)
    try:
        return (repository.root / path).read_bytes()
    except OSError as error:
        raise BadInput(
            place=path,
            found=error.strerror or str(error),
            expected="a release manifest releases/<model>/<environment>.yaml",
            next_step="give its path relative to the repository's root",
        ) from error


def recorded_release(repository: Repository, record: DeliveryRecord) -> Release:
    """A delivery's manifest, from the blob that its record names."""
    path = release_path(record.model, record.environment)
    blob = next((each for each in record.paths if each.path == path), None)
    if blob is None:
        raise Broken(
            place=f"mlci/records: record {record.seq} of {record.model}/{record.environment}",
            found=f"it doesn't name {path}",
            expected="the manifest that was delivered",
            next_step="see `git log mlci/records` for who changed it, and restore it",
        )
    return parse_release(path, repository.blob(blob.oid))


def artifacts_of(case: Case, *, record: DeliveryRecord | None, at: str | None) -> Artifacts:
    return Artifacts(
        repository=case.repository,
        store=state_of(case.repository) / "store",
        sources=tuple({source for policy in case.policies for source in policy.sources}),
        tree=None if at else case.repository.root,
        commits=tuple(
            dict.fromkeys(
                commit
                for commit in (at and case.repository.resolve(at), case.truth.protected.commit)
                if commit
            )
        ),
        blobs=record.artifacts if record else (),
    )
