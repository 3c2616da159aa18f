"""The protected branch's history: where a change left it, and what a reversal undoes; even in a
shallow clone."""

from collections.abc import Sequence

from mlci.errors import Broken
from mlci.gitops.plumbing import must
from mlci.gitops.protected import Protected
from mlci.gitops.remote import deepen
from mlci.gitops.repository import Repository

# A shallow clone is deepened this far, and no further, in search of a commit.
_DEEPER = (50, 200, 1000, 5000)


def reaches(repository: Repository, protected: Protected, since: str) -> bool:
    """True where ``since`` is known as an ancestor of the tip; a shallow clone is deepened."""
    for commits in (0, *_DEEPER):
        if commits and not _deepened(repository, protected, commits):
            return False
        if repository.git("merge-base", "--is-ancestor", since, protected.commit).ok:
            return True
    return False


def fork_point(repository: Repository, protected: Protected, head: str) -> str:
    """Where ``head`` left the protected ref: what it changes is what differs from there.

    A shallow clone is deepened at both ends until they meet. Raises Broken where they never do.
    """
    for commits in (0, *_DEEPER):
        if commits and not _deepened(repository, protected, commits, head):
            break
        if base := repository.merge_base(protected.commit, head):
            return base
    raise Broken(
        place=f"{head[:12]} in {repository.place}",
        found=f"no commit in common with {protected.ref} in the history that is here",
        expected="a change that began at the protected ref",
        next_step="fetch the whole history (`git fetch --unshallow`, GIT_DEPTH: 0 in GitLab)",
    )


def commits_touching(
    repository: Repository, tip: str, since: str | None, paths: Sequence[str]
) -> tuple[str, ...]:
    """First-parent commits that touched ``paths``, newest first: all of them after ``since``, or
    only the newest one where that is None."""
    limits = [f"{since}..{tip}"] if since else ["-1", tip]
    listed = must(
        repository.git("log", "--first-parent", "--format=%H", *limits, "--", *paths),
        place=tip,
        expected="a history that can be read",
    )
    return tuple(listed.text.split())


def commit_of_incident(repository: Repository, tip: str, since: str, incident: str) -> str | None:
    """The newest commit up to ``tip`` that carries the trailer of this incident.

    Only commits after ``since`` are looked at, where that one is known.
    """
    known = repository.git("cat-file", "-e", f"{since}^{{commit}}").ok
    listed = must(
        repository.git(
            "log",
            "-z",
            "--format=%H %(trailers:key=Mlci-Incident,valueonly,separator=%x20)",
            "--fixed-strings",
            f"--grep=Mlci-Incident: {incident}",
            tip,
            *([f"^{since}"] if known else []),
        ),
        place=tip,
        expected="a history that can be read",
    )
    commits = (line.split() for line in listed.records)
    return next((commit for commit, *found in commits if incident in found), None)


def _deepened(repository: Repository, protected: Protected, commits: int, *more: str) -> bool:
    branch = f"refs/heads/{protected.branch}"
    shallow = repository.git("rev-parse", "--is-shallow-repository").text == "true"
    return (
        shallow
        and protected.remote is not None
        and deepen(repository, protected.remote, branch, *more, commits=commits)
    )
