"""A release's own paths as they were at an earlier delivery, as one commit on top of the branch.

The commit is planned from what the records say, never from a diff: a later edit of the same file
would leave a manifest that nobody ever gated. Nothing else of the tree is touched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mlci.errors import Broken
from mlci.gitops import names, objects
from mlci.gitops.history import commit_of_incident, commits_touching, reaches
from mlci.gitops.message import reversal_message
from mlci.gitops.protected import Protected
from mlci.gitops.repository import REGULAR, Repository
from mlci.records.delivery import Blob, DeliveryRecord
from mlci.records.release import bundle_path, release_path


@dataclass(frozen=True, kw_only=True)
class Incident:
    """What is to be taken back, why, and to what.

    ``id`` is the delivery's id (or ``deliveries.refusal_id``); ``version`` the one taken back;
    ``names_model`` says of the manifest at the tip (None: it is gone) whether it still asks for
    what is taken back; ``target`` is the record whose paths are restored.
    """

    id: str
    version: str
    reason: str
    target: DeliveryRecord
    names_model: Callable[[bytes | None], bool]


class Kind(StrEnum):
    """PUSHED and ALREADY: the branch is right. BRANCH: the commit waits on a branch of its own.
    SUPERSEDED: the tip asks for something else; nothing was done."""

    PUSHED = "pushed"
    ALREADY = "already"
    BRANCH = "branch"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, kw_only=True)
class ReversalResult:
    """``commit`` is the reversal, "" where there is none; ``ref`` the branch that holds it."""

    kind: Kind
    commit: str
    ref: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Reversal:
    """A tree that differs from the tip's, and the message that says why."""

    tip: str
    tree: str
    message: str


def plan_reversal(
    repository: Repository, protected: Protected, incident: Incident
) -> Reversal | ReversalResult:
    """The reversal on top of ``protected.commit``, or why there is nothing to commit.

    Raises Broken where the target record names paths that are not the release's own, no regular
    files, or objects that are not here.
    """
    tip, target = protected.commit, incident.target
    complete = reaches(repository, protected, target.commit)
    earlier = commit_of_incident(repository, tip, target.commit, incident.id)
    if earlier is not None:
        return _nothing(Kind.ALREADY, earlier, protected, "it was taken back before")
    own = own_paths(target.model, target.environment)
    present = [entry.path for entry in repository.entries(tip, *own)]
    tree = objects.edit_tree(repository, tip, remove=present, add=_own_blobs(target, own))
    if tree == repository.tree(tip):
        return _nothing(Kind.ALREADY, tip, protected, "the branch holds these files already")
    manifest = repository.present(tip, own[:1]).get(own[0])
    content = repository.blob(manifest.oid) if manifest and manifest.mode in REGULAR else None
    if not incident.names_model(content):
        return _nothing(Kind.SUPERSEDED, "", protected, "the tip asks for something else by now")
    message = reversal_message(
        release=f"{target.model}/{target.environment}",
        version=incident.version,
        restored_version=target.version,
        restored_commit=target.commit,
        undone=commits_touching(repository, tip, target.commit if complete else None, own),
        complete=complete,
        reason=incident.reason,
        incident=incident.id,
    )
    return Reversal(tip=tip, tree=tree, message=message)


def make_commit(repository: Repository, reversal: Reversal) -> str:
    """The reversal as a commit, on no branch yet."""
    return objects.commit(repository, reversal.tree, parent=reversal.tip, message=reversal.message)


def own_paths(model: str, environment: str) -> tuple[str, str]:
    """The manifest, and the directory of the rendered objects."""
    return release_path(model, environment), bundle_path(model, environment)


def _own_blobs(target: DeliveryRecord, own: tuple[str, str]) -> tuple[Blob, ...]:
    manifest, bundle = own
    for blob in target.paths:
        inside = names.path(blob.path) == manifest or blob.path.startswith(f"{bundle}/")
        if not inside or blob.mode not in REGULAR:
            raise _unfit(target, f"names {blob.path} with mode {blob.mode}")
    if manifest not in {blob.path for blob in target.paths}:
        raise _unfit(target, f"does not name {manifest}")
    return target.paths


def _nothing(kind: Kind, commit: str, protected: Protected, message: str) -> ReversalResult:
    return ReversalResult(kind=kind, commit=commit, ref=protected.ref, message=message)


def _unfit(target: DeliveryRecord, found: str) -> Broken:
    return Broken(
        place=f"delivery {target.delivery[:12]}",
        found=found,
        expected=f"the regular files of {target.model}/{target.environment} alone",
        next_step="restore the release by hand, with a commit of its earlier files",
    )
