"""Takes a release back on the protected branch, once per incident, against any race.

Every attempt starts from the branch as it is: what somebody merged meanwhile is kept, and looked
at again. Nothing is rebased, nothing forced. A killed attempt has either pushed or changed nothing.
"""

import random
import time

from mlci.errors import BadInput, Broken, Conflict
from mlci.gitops.deliveries import REVERSALS
from mlci.gitops.history import commit_of_incident
from mlci.gitops.protected import Protected, refresh
from mlci.gitops.publish import is_checked_out, publish
from mlci.gitops.remote import Answer, fetch_branch
from mlci.gitops.repository import Repository
from mlci.gitops.reversal import (
    Incident,
    Kind,
    ReversalResult,
    make_commit,
    plan_reversal,
)

_ATTEMPTS = 20
_LONGEST_PAUSE = 1.0


def revert_branch(incident: str) -> str:
    """Where the commit goes when the protected branch can't be pushed."""
    return f"{REVERSALS}{incident}"


def take_back(repository: Repository, protected: Protected, incident: Incident) -> ReversalResult:
    """Restores the target's files on the protected branch, in one commit; a repeat is a no-op.

    Where the branch refuses the push, or is checked out in the only repository there is, the
    commit goes to ``revert_branch``. Raises Conflict where every attempt lost its race, Broken
    where the remote does not answer or the target can't be restored.
    """
    if not protected.branch:
        raise BadInput(
            place=protected.ref,
            found="is a revision",
            expected="a branch that a commit can be pushed to",
            next_step="name the protected branch with --base, such as origin/main",
        )
    for attempt in range(_ATTEMPTS):
        protected = refresh(repository, protected)
        plan = plan_reversal(repository, protected, incident)
        if isinstance(plan, ReversalResult):
            return plan
        waiting = _waiting(repository, protected, incident)
        if waiting is not None:
            return waiting
        commit = make_commit(repository, plan)
        refusal = _only_place(repository, protected)
        if not refusal:
            pushed = publish(
                repository, protected.remote, protected.branch, commit, before=plan.tip
            )
            if pushed.answer is Answer.LANDED:
                return _done(Kind.PUSHED, commit, protected.ref, f"pushed to {protected.ref}")
            refusal = pushed.reason if pushed.answer is Answer.REFUSED else ""
        if refusal:
            aside = _put_aside(repository, protected, incident, commit, refusal)
            if aside is not None:
                return aside
        time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.05 * 2**attempt)))  # noqa: S311
    raise Conflict(
        place=protected.ref,
        found=f"others pushed first, {_ATTEMPTS} times in a row",
        expected="a moment without other pushes",
        next_step="run again",
    )


def _waiting(
    repository: Repository, protected: Protected, incident: Incident
) -> ReversalResult | None:
    """An earlier attempt's commit on its own branch, not merged yet."""
    branch = revert_branch(incident.id)
    tip = (
        fetch_branch(repository, protected.remote, branch)
        if protected.remote
        else repository.reference(f"refs/heads/{branch}")
    )
    if tip is None:
        return None
    ours = commit_of_incident(repository, tip, incident.target.commit, incident.id)
    if ours is None:
        raise Conflict(
            place=branch,
            found="holds somebody else's commits",
            expected=f"no such branch, or the reversal of {incident.id[:12]}",
            next_step=f"delete or rename the branch {branch}, then run again",
        )
    return _done(Kind.BRANCH, ours, branch, f"waits on {branch}: merge it into {protected.ref}")


def _only_place(repository: Repository, protected: Protected) -> str:
    if protected.remote is None and is_checked_out(repository, protected.branch):
        return f"{protected.branch} is checked out in {repository.place}"
    return ""


def _put_aside(
    repository: Repository, protected: Protected, incident: Incident, commit: str, refusal: str
) -> ReversalResult | None:
    """The result on the branch of its own, or None where somebody else was quicker there."""
    branch = revert_branch(incident.id)
    pushed = publish(repository, protected.remote, branch, commit, before=None)
    if pushed.answer is Answer.LANDED:
        said = f"waits on {branch}: merge it into {protected.ref} ({refusal})"
        return _done(Kind.BRANCH, commit, branch, said)
    if pushed.answer is Answer.RACED:
        return None
    raise Broken(
        place=branch,
        found=f"the push is refused: {pushed.reason}",
        expected=f"a push to {protected.ref}, or to {branch}",
        next_step=f"permit this user to push to {protected.ref} or to {REVERSALS}*",
    )


def _done(kind: Kind, commit: str, ref: str, message: str) -> ReversalResult:
    return ReversalResult(kind=kind, commit=commit, ref=ref, message=message)
