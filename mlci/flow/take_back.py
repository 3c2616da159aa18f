"""Git put right: the release's paths as they were at its last HEALTHY delivery, then the record.

The agent and a person with `mlci revert` come here; what differs is only who asks.
"""

from collections.abc import Callable
from dataclasses import replace

from mlci.errors import Conflict, MlciError, Undecided
from mlci.flow.case import read_where_you_stand
from mlci.flow.recording import append, next_state
from mlci.flow.truth import locate_protected
from mlci.gitops import deliveries
from mlci.gitops.history import commit_of_incident
from mlci.gitops.protected import Protected
from mlci.gitops.push import revert_branch, take_back
from mlci.gitops.records_branch import RecordsBranch
from mlci.gitops.repository import Repository
from mlci.gitops.reversal import (
    Incident,
    Kind,
    ReversalResult,
    make_commit,
    plan_reversal,
)
from mlci.manifest.release import parse_release
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.digest import digest_of
from mlci.records.release import Release, release_path


def put_right(
    repository: Repository,
    record: DeliveryRecord,
    target: DeliveryRecord,
    *,
    base: str | None,
    by: str,
) -> ReversalResult:
    """The reversal of a REGRESSED or REFUSED delivery, pushed and recorded; may be repeated.

    Raises Conflict where every push lost its race, Broken where the remote can't be asked.
    """
    refused = record.state is State.REFUSED
    incident = Incident(
        id=deliveries.refusal_id(record.manifest_digest, record.verdict)
        if refused
        else record.delivery,
        version=record.version,
        reason=record.reason,
        target=target,
        names_model=_same_manifest(record.manifest_digest)
        if refused
        else _same_model(release_path(record.model, record.environment), record.model_digest),
    )
    result = take_back(repository, locate_protected(repository, base), incident)
    branch = RecordsBranch(repository)
    seen = branch.fetch().deliveries(record.environment, record.model)
    newest = deliveries.latest(seen, record.delivery)
    if newest is not None and newest.state is record.state:
        state = State.SUPERSEDED if result.kind is Kind.SUPERSEDED else State.REVERTED
        where = result.ref if result.kind is Kind.BRANCH else result.commit
        append(branch, next_state(record, state, result.message, by=by, reversal=where), seen)
    return result


def _same_model(path: str, model_digest: str) -> Callable[[bytes | None], bool]:
    """True while the tip's manifest names this model, whatever else it says."""

    def names(content: bytes | None) -> bool:
        if content is None:
            return False
        try:
            return parse_release(path, content).model.digest == model_digest
        except MlciError:
            # What can't be read asks for nothing that could be delivered: people are at work.
            return False

    return names


def _same_manifest(digest: str) -> Callable[[bytes | None], bool]:
    """A verdict refuses one manifest: an edited one is another request."""
    return lambda content: content is not None and digest_of(content) == digest


def take_back_by_person(
    repository: Repository, path: str, *, base: str | None, reason: str, push: bool
) -> ReversalResult:
    """Takes back the release as it stands where you stand, to the last HEALTHY delivery before it.

    SUPERSEDED where the tip names another model by now. Without ``push`` the commit is made and
    left on ``mlci/revert/<id>`` in this clone alone. Raises Undecided where nothing HEALTHY ever
    ran before it.
    """
    protected = locate_protected(repository, base)
    release = parse_release(path, read_where_you_stand(repository, path, None))
    history = RecordsBranch(repository).fetch().deliveries(release.environment, release.name)
    incident = _incident(release, history, reason)
    way = take_back if push else _left_here
    result = way(repository, protected, incident)
    if result.kind is Kind.SUPERSEDED:
        return result
    versions = f"{incident.version} -> {incident.target.version}"
    return replace(result, message=f"{versions}: {result.message}")


def _incident(release: Release, history: tuple[DeliveryRecord, ...], reason: str) -> Incident:
    """The delivery's, if there was one: the agent and a person take the same one back once."""
    asked = [each for each in history if each.manifest_digest == release.digest]
    if asked:
        incident = _incident_of(asked[-1].delivery, history)
        target = deliveries.restoration_target(history, asked[-1])
    else:
        previous = history[-1].delivery if history else ""
        incident = deliveries.delivery_id(
            release.environment, release.name, release.digest, previous
        )
        target = deliveries.champion(history)
    if target is None:
        raise Undecided(
            place=release.path,
            found="nothing HEALTHY ran before it",
            expected="an earlier delivery to go back to",
            next_step="remove the release from Git by hand, if it must go",
        )
    return Incident(
        id=incident,
        version=release.version,
        reason=reason,
        target=target,
        names_model=_same_model(release.path, release.model.digest),
    )


def _incident_of(delivery: str, history: tuple[DeliveryRecord, ...]) -> str:
    """What the agent calls it: a refusal is of the verdict, everything else of the delivery."""
    own = [each for each in history if each.delivery == delivery]
    refused = next((each for each in reversed(own) if each.state is State.REFUSED), None)
    if refused is None:
        return delivery
    return deliveries.refusal_id(refused.manifest_digest, refused.verdict)


def _left_here(repository: Repository, protected: Protected, incident: Incident) -> ReversalResult:
    plan = plan_reversal(repository, protected, incident)
    if isinstance(plan, ReversalResult):
        return plan
    commit = make_commit(repository, plan)
    branch = revert_branch(incident.id)
    message = f"on {branch}: push it, or run again with --push"
    made = repository.git("update-ref", f"refs/heads/{branch}", commit, "0" * 40)
    if not made.ok:
        tip, since = repository.resolve(f"refs/heads/{branch}"), incident.target.commit
        earlier = commit_of_incident(repository, tip, since, incident.id)
        if earlier is not None:
            return ReversalResult(kind=Kind.BRANCH, commit=earlier, ref=branch, message=message)
        raise Conflict(
            place=branch,
            found="a branch of that name is here already",
            expected="none: it would hold this reversal",
            next_step=f"look at it with `git show {branch}`, then delete it or push it",
        )
    return ReversalResult(kind=Kind.BRANCH, commit=commit, ref=branch, message=message)
