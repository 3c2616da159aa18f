"""All that a gate judges by, read once: release, rules, standing and champion."""

from dataclasses import dataclass
from functools import cached_property

from mlci.errors import BadInput, Broken, Invalid, MlciError
from mlci.flow.artifacts import Artifacts
from mlci.flow.files import state_of
from mlci.flow.standing import Standing, context, stand
from mlci.flow.truth import Rules, Truth, read_truth
from mlci.flow.wear import recorded_runs
from mlci.flow.where import RELEASE_FORM
from mlci.gitops.repository import Repository
from mlci.manifest.release import parse_release
from mlci.manifest.text import LARGEST
from mlci.manifest.together import check_release
from mlci.policy.plan import applicable
from mlci.records.delivery import DeliveryRecord
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.policy import GatePolicy
from mlci.records.release import Release, release_path


@dataclass(frozen=True, kw_only=True)
class Case:
    """``key`` is the context under which a verdict stands; ``at`` the revision that is judged, or
    None for the work tree."""

    repository: Repository
    truth: Truth
    release: Release
    policies: tuple[GatePolicy, ...]
    exam: EvaluationSet
    standing: Standing
    champion: Release | None
    key: str
    at: str | None

    @property
    def rules(self) -> Rules:
        return self.truth.rules

    @cached_property
    def exam_runs(self) -> int:
        """How many recorded runs there were on the exam's rows before."""
        return recorded_runs(self.truth.records, self.exam)

    @property
    def exam_runs_permitted(self) -> int | None:
        """The fewest that a policy permits."""
        caps = [policy.exam.maximum_runs for policy in self.policies]
        return min((cap for cap in caps if cap is not None), default=None)

    @property
    def name(self) -> str:
        """The release as people call it: ``income/production@1.5.0``."""
        return f"{self.release.name}/{self.release.environment}@{self.release.version}"


def read_case(repository: Repository, path: str, *, base: str | None, at: str | None) -> Case:
    """Reads truth, release and champion, and checks that they fit together.

    Raises Invalid with the problems of rules and release together.
    """
    at = at or ("HEAD" if repository.root is None else None)
    problems: list[MlciError] = []
    truth = release = None
    try:
        truth = read_truth(repository, base, change=at or "HEAD")
    except Invalid as invalid:
        problems.extend(invalid.problems)
    try:
        release = parse_release(path, read_where_you_stand(repository, path, at))
    except Invalid as invalid:
        problems.extend(invalid.problems)
    if truth is not None and release is not None:
        rules = truth.rules
        problems.extend(check_release(release, rules.project, rules.policies, rules.exams))
    if problems or truth is None or release is None:
        raise Invalid(tuple(problems))
    policies = applicable(truth.rules.policies, release)
    standing = stand(release, truth.rules.project, truth.records)
    exam = truth.rules.exams[release.evaluation]
    return Case(
        repository=repository,
        truth=truth,
        release=release,
        policies=policies,
        exam=exam,
        standing=standing,
        champion=recorded_release(repository, standing.champion) if standing.champion else None,
        key=context(policies, exam, standing.champion),
        at=at,
    )


def read_where_you_stand(repository: Repository, path: str, at: str | None) -> bytes:
    """The manifest in the work tree, or at revision ``at``. Raises BadInput where there is none."""
    if at is not None or repository.root is None:
        commit = repository.resolve(at or "HEAD")
        if path not in repository.paths(commit, path):
            raise _no_manifest(path, f"no such file at {at or 'HEAD'}")
        return repository.read(commit, path)
    file = repository.root / path
    if file.is_symlink():
        raise _no_manifest(path, "a symbolic link")
    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST + 1)
    except OSError as error:
        raise _no_manifest(path, error.strerror or str(error)) from error


def _no_manifest(path: str, found: str) -> BadInput:
    return BadInput(
        place=path,
        found=found,
        expected=f"a release manifest {RELEASE_FORM}",
        next_step="check the path, or name the revision that has it where --at is understood",
    )


def recorded_release(repository: Repository, record: DeliveryRecord) -> Release:
    """A delivery's manifest, from the blob that its record names. Raises Broken."""
    path = release_path(record.model, record.environment)
    blob = next((each for each in record.paths if each.path == path), None)
    found = f"it doesn't name {path}"
    if blob is not None:
        try:
            return parse_release(path, repository.blob(blob.oid))
        except Invalid as invalid:
            found = f"a manifest that can't be read: {invalid.problems[0]}"
    raise Broken(
        place=f"mlci/records: record {record.seq} of {record.model}/{record.environment}",
        found=found,
        expected="the manifest that was delivered",
        next_step="see `git log mlci/records` for who changed it, and restore it",
    )


def artifacts_of(case: Case, record: DeliveryRecord | None = None) -> Artifacts:
    """Where the candidate's files and the exam may come from; with ``record``, those of a release
    that was delivered, and so permitted, before."""
    repository, at = case.repository, case.at
    commits = (*([repository.resolve(at)] if at else []), case.truth.protected.commit)
    permitted = {source for policy in case.policies for source in policy.sources}
    return Artifacts(
        repository=repository,
        store=state_of(repository) / "store",
        sources=None if record else tuple(sorted(permitted)),
        tree=None if at else repository.root,
        commits=tuple(dict.fromkeys(commits)),
        blobs=record.artifacts if record else (),
    )
