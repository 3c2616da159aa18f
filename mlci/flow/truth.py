"""What holds, as the protected ref and the records branch say it: never as a change says it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from mlci.errors import BadInput, Invalid, MlciError, Undecided
from mlci.gitops.protected import Protected, find_protected, for_ref
from mlci.gitops.records_branch import RecordsBranch
from mlci.gitops.records_snapshot import RecordsSnapshot
from mlci.gitops.repository import Repository
from mlci.manifest.evaluation_set import parse_evaluation_set
from mlci.manifest.policy import parse_policy
from mlci.manifest.project import parse_project
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.policy import GatePolicy
from mlci.records.project import Project

PROJECT = "mlci.yaml"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Project file, policies and exams of one commit; ``commit`` is where they were read."""

    commit: str
    project: Project
    policies: tuple[GatePolicy, ...]
    exams: Mapping[str, EvaluationSet]


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The protected ref's tip with its rules, and the records as they are now."""

    protected: Protected
    rules: Rules
    records: RecordsSnapshot

    @property
    def first_change(self) -> bool:
        """The rules come from the change itself: the protected ref has none yet."""
        return self.rules.commit != self.protected.commit


def read_truth(repository: Repository, base: str | None, *, change: str | None = None) -> Truth:
    """Fetches what it needs. ``change`` is the revision whose rules count if it is the first one.

    Raises BadInput for bad text or a ref that doesn't exist, Undecided where the project file is
    gone from a protected ref that had one, Broken when the remote can't be asked.
    """
    try:
        protected = locate_protected(repository, base)
    except Invalid:
        # The project file itself is wrong: say what is wrong beside it at the same time.
        read_rules(repository, find_protected(repository, base).commit)
        raise
    records = RecordsBranch(repository).fetch()
    commit = _rules_commit(repository, protected, records, change)
    return Truth(protected=protected, rules=read_rules(repository, commit), records=records)


def remembered(truth: Truth) -> dict[str, str | None]:
    """A reading as JSON data: ``recall`` gives it back without asking any remote."""
    return {
        **asdict(truth.protected),
        "rules": truth.rules.commit,
        "records": truth.records.commit,
    }


def recall(repository: Repository, data: Mapping[str, Any]) -> Truth:
    """Raises KeyError or TypeError where the data isn't that of ``remembered``, BadInput or Broken
    where its commits are no longer here."""
    protected = Protected(**{name: data[name] for name in ("ref", "remote", "branch", "commit")})
    return Truth(
        protected=protected,
        rules=read_rules(repository, data["rules"]),
        records=RecordsSnapshot(repository=repository, commit=data["records"]),
    )


def locate_protected(repository: Repository, base: str | None) -> Protected:
    """``--base``, or the ref that the default branch's own project file names."""
    protected = find_protected(repository, base)
    if base is not None or not has_project(repository, protected.commit):
        return protected
    named = parse_project(PROJECT, repository.read(protected.commit, PROJECT)).protected_ref
    if protected.remote is None:
        # The remote of the usual name is this repository itself where there is none.
        named = named.removeprefix("origin/")
    if named in (protected.ref, protected.branch):
        return protected
    return for_ref(repository, named)


def has_project(repository: Repository, commit: str) -> bool:
    return PROJECT in repository.paths(commit, PROJECT)


def _rules_commit(
    repository: Repository, protected: Protected, records: RecordsSnapshot, change: str | None
) -> str:
    """A protected ref that never had a project file receives its first one from the change."""
    if has_project(repository, protected.commit):
        return protected.commit
    if records.commit is not None:
        raise Undecided(
            place=f"{protected.ref}:{PROJECT}",
            found="HELD: there are records, and the project file is gone",
            expected="the project file; until then what runs goes on, and nothing is decided",
            next_step=f"restore {PROJECT} on {protected.ref}",
        )
    if change is not None:
        commit = repository.resolve(change)
        if has_project(repository, commit):
            return commit
    raise BadInput(
        place=f"{protected.ref}:{PROJECT}",
        found="no project file at the protected ref" + (f", nor at {change}" if change else ""),
        expected=f"a committed {PROJECT}",
        next_step="commit one, or name the ref that has it with --base",
    )


@lru_cache(maxsize=32)
def read_rules(repository: Repository, commit: str) -> Rules:
    """All documents that govern, at one commit, with ALL their errors in one Invalid.

    ``commit`` is its full id: what it holds never changes, and an agent asks at every poll.
    """
    paths = [
        path
        for folder in ("policies", "evaluations")
        for path in repository.paths(commit, f"{folder}/")
        if path.endswith(".yaml") and path.count("/") == 1
    ]
    contents = repository.read_many(commit, [PROJECT, *paths])
    problems: list[MlciError] = []
    policies: list[GatePolicy] = []
    exams: dict[str, EvaluationSet] = {}
    try:
        project = parse_project(PROJECT, contents[PROJECT])
    except Invalid as invalid:
        problems.extend(invalid.problems)
    for path in paths:
        try:
            if path.startswith("policies/"):
                policies.append(parse_policy(path, contents[path], commit))
            else:
                exam = parse_evaluation_set(path, contents[path])
                exams[exam.name] = exam
        except Invalid as invalid:
            problems.extend(invalid.problems)
    if problems:
        raise Invalid(tuple(problems))
    return Rules(commit=commit, project=project, policies=tuple(policies), exams=exams)
