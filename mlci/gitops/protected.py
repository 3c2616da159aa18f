"""The protected ref: where project file, policies and exams are read.

Its name comes from ``--base``, else from the remote's default branch, without a remote from local
``main``; never from the change that is judged.
"""

from dataclasses import dataclass

from mlci.errors import BadInput
from mlci.gitops import names
from mlci.gitops.remote import advertised, fetch_branch
from mlci.gitops.repository import Repository


@dataclass(frozen=True, kw_only=True)
class Protected:
    """``ref`` as a person writes it (``origin/main``); ``remote`` is None for a local branch;
    ``branch`` is "" where ``ref`` is a mere revision, which can be read but not pushed to."""

    ref: str
    remote: str | None
    branch: str
    commit: str


def find_protected(repository: Repository, base: str | None = None) -> Protected:
    """The protected ref, fetched. Raises BadInput where it does not exist, Broken where the
    remote does not answer."""
    if base is not None:
        return for_ref(repository, base)
    remote = repository.remote()
    if remote is None:
        return for_ref(repository, "main")
    answer = advertised(repository, remote)
    if answer.default is None or answer.head is None:
        raise BadInput(
            place=f"remote {remote}",
            found="names no default branch",
            expected="a branch that releases are merged into",
            next_step="push one, or name it with --base",
        )
    return _fetched(repository, remote, names.branch(answer.default), tip=answer.head)


def for_ref(repository: Repository, ref: str) -> Protected:
    """``origin/main`` of the remote ``origin``, a local branch, or any revision that is here.

    Raises BadInput where it does not exist, Broken where the remote does not answer.
    """
    short = names.revision(ref).removeprefix("refs/remotes/").removeprefix("refs/heads/")
    remote = repository.remote()
    if remote and short.startswith(f"{remote}/") and not ref.startswith("refs/heads/"):
        return _fetched(repository, remote, names.branch(short.removeprefix(f"{remote}/")))
    if tip := repository.reference(f"refs/heads/{short}"):
        return Protected(ref=short, remote=None, branch=short, commit=tip)
    return Protected(ref=ref, remote=None, branch="", commit=_existing(repository, ref))


def refresh(repository: Repository, protected: Protected) -> Protected:
    """The same ref as it stands now. Raises as ``for_ref``."""
    return for_ref(repository, protected.ref)


def _fetched(
    repository: Repository, remote: str, branch: str, *, tip: str | None = None
) -> Protected:
    tracking = f"refs/remotes/{remote}/{branch}"
    before = repository.reference(tracking)
    tip = fetch_branch(repository, remote, branch, known=before, tip=tip)
    if tip is None:
        raise _missing(f"{remote}/{branch}", f"the remote {remote} has no branch {branch}")
    if tip != before:
        # keeps the objects; where another process was quicker, its value serves as well
        repository.git("update-ref", tracking, tip, before or "")
    return Protected(ref=f"{remote}/{branch}", remote=remote, branch=branch, commit=tip)


def _existing(repository: Repository, ref: str) -> str:
    try:
        return repository.resolve(ref)
    except BadInput as error:
        raise _missing(ref, error.found) from error


def _missing(ref: str, found: str) -> BadInput:
    return BadInput(
        place=ref,
        found=found,
        expected="a protected ref that exists",
        next_step="push that branch, or name another one with --base",
    )
