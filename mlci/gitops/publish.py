"""Moves a branch forward where it lives: on the remote, or here where there is none."""

from mlci.gitops.plumbing import must
from mlci.gitops.remote import LOST_RACE, Answer, Pushed, push
from mlci.gitops.repository import Repository


def publish(
    repository: Repository, remote: str | None, branch: str, commit: str, *, before: str | None
) -> Pushed:
    """Moves ``branch`` from ``before`` (None: it is new) to ``commit``, a descendant of it.

    Whole or not at all; never by force. Raises Broken where the remote does not answer.
    """
    if remote is not None:
        return push(repository, remote, branch, commit)
    moved = repository.git("update-ref", f"refs/heads/{branch}", commit, before or "")
    if moved.ok:
        return Pushed(answer=Answer.LANDED)
    if LOST_RACE.search(moved.complaint):
        return Pushed(answer=Answer.RACED, reason=moved.complaint)
    must(moved, place=branch, expected="the branch can be moved forward")
    raise AssertionError("a failed command was taken for a success")


def is_checked_out(repository: Repository, branch: str) -> bool:
    """True where a work tree of this repository stands on the branch: moving it from outside
    would make that work tree look as if it undid the change."""
    listed = repository.git("worktree", "list", "--porcelain", "-z").records
    return f"branch refs/heads/{branch}" in listed
