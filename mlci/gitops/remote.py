"""What a remote answers, what is fetched from it, and what it accepts.

An answer that a branch does not exist is None; no answer at all is Broken. Fetching names the
exact commit that was advertised, so that processes that fetch at the same time share no reference.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mlci.errors import Broken
from mlci.gitops import names
from mlci.gitops.plumbing import Output, harmless, must
from mlci.gitops.repository import Repository

NETWORK_SECONDS = 600.0
_FETCH_ATTEMPTS = 5
LOST_RACE = re.compile(
    r"non-fast-forward|fetch first|cannot lock ref|incorrect old value provided"
    r"|failed to update ref|stale info|reference already exists"
)


@dataclass(frozen=True, kw_only=True)
class Advertised:
    """``default`` is the branch that the remote's HEAD names, ``head`` its commit; ``branches``
    maps those that were asked for to their commits."""

    default: str | None
    head: str | None
    branches: Mapping[str, str]


class Answer(StrEnum):
    """What became of a push. REFUSED is the remote's decision, RACED can be tried again."""

    LANDED = "landed"
    RACED = "raced"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Pushed:
    answer: Answer
    reason: str = ""


def advertised(repository: Repository, remote: str, *branches: str) -> Advertised:
    """What ``remote`` says of its HEAD and of ``branches``. Raises Broken where it is silent."""
    wanted = [f"refs/heads/{names.branch(branch)}" for branch in branches]
    output = must(
        _ask(
            repository,
            "ls-remote",
            "--symref",
            "--end-of-options",
            remote,
            "HEAD",
            *wanted,
        ),
        place=f"remote {remote}",
        expected="an answer from the remote",
        next_step="check the network, the remote's URL and your rights, then run again",
    )
    default, head, found = None, None, {}
    for line in output.text.splitlines():
        value, _, name = line.partition("\t")
        # ls-remote matches the ends of names, so others' references may be listed as well
        if name == "HEAD" and value.startswith("ref: refs/heads/"):
            default = value.removeprefix("ref: refs/heads/")
        elif name == "HEAD":
            head = value
        elif name in wanted:
            found[name.removeprefix("refs/heads/")] = value
    return Advertised(default=default, head=head, branches=found)


def fetch_branch(
    repository: Repository,
    remote: str,
    branch: str,
    *,
    known: str | None = None,
    tip: str | None = None,
) -> str | None:
    """The commit of ``branch`` on ``remote``, with all its objects here; None if the remote says
    that there is no such branch.

    ``known`` is a commit whose objects are here for certain; ``tip`` what was just advertised.
    """
    for _ in range(_FETCH_ATTEMPTS):
        tip = tip or advertised(repository, remote, branch).branches.get(branch)
        if tip is None or tip == known:
            return tip
        output = _ask(
            repository,
            "fetch",
            *_QUIETLY,
            *_depth(repository, tip),
            "--end-of-options",
            remote,
            tip,
        )
        if output.ok:
            return tip
        # the branch was rewritten between the two calls, and its old tip is gone
        if "unadvertised object" not in output.stderr and "not our ref" not in output.stderr:
            break
        tip = None
    raise Broken(
        place=f"remote {remote}",
        found=output.complaint,
        expected=f"the branch {branch} can be fetched",
        next_step="check the network and your rights, then run again",
    )


def deepen(repository: Repository, remote: str, *wanted: str, commits: int) -> bool:
    """Fetches ``commits`` more of the history of a shallow clone below ``wanted`` (full names of
    references, or ids of commits that the remote has); False where that failed."""
    return _ask(
        repository,
        "fetch",
        *_QUIETLY,
        f"--deepen={commits}",
        "--end-of-options",
        remote,
        *wanted,
    ).ok


def fetch_commit(repository: Repository, remote: str, commit: str) -> bool:
    """Fetches one commit by its id, without its history; False where the remote has none such."""
    return _ask(
        repository, "fetch", *_QUIETLY, "--depth=1", "--end-of-options", remote, names.oid(commit)
    ).ok


def push(repository: Repository, remote: str, branch: str, commit: str) -> Pushed:
    """Asks ``remote`` to move ``branch`` forward to ``commit``, never by force.

    Raises Broken where the remote does not answer.
    """
    output = _ask(
        repository,
        "-c",
        f"remote.{remote}.mirror=false",
        "-c",
        "push.followTags=false",
        "push",
        "--porcelain",
        "--no-verify",
        "--no-signed",
        "--recurse-submodules=no",
        "--end-of-options",
        remote,
        f"{commit}:refs/heads/{names.branch(branch)}",
    )
    if output.ok:
        return Pushed(answer=Answer.LANDED)
    # only the line of the reference is git's own; what a hook prints could say anything
    refusal = next((line for line in output.text.splitlines() if line.startswith("!")), None)
    if refusal is None:
        must(
            output,
            place=f"remote {remote}",
            expected=f"the branch {branch} can be pushed",
            next_step="check the network, the remote's URL and your rights, then run again",
        )
    return _classified(refusal or "", output)


def _ask(repository: Repository, *arguments: str) -> Output:
    """From the work tree's top: that is where git reads a relative URL from."""
    return repository.git(*arguments, directory=repository.root, seconds=NETWORK_SECONDS)


def _classified(refusal: str, output: Output) -> Pushed:
    reason = refusal.rsplit("\t", 1)[-1]
    if LOST_RACE.search(reason):
        return Pushed(answer=Answer.RACED, reason=reason)
    said = [
        line.removeprefix("remote:").strip()
        for line in output.stderr.splitlines()
        if line.startswith("remote:")
    ]
    return Pushed(answer=Answer.REFUSED, reason=harmless(" ".join([reason, *filter(None, said)])))


# explicit references only: the caller's tags, FETCH_HEAD and remote-tracking branches stay
_QUIETLY = (
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--refmap=",
    "--no-prune",
    "--no-auto-maintenance",
)


def _depth(repository: Repository, tip: str) -> tuple[str, ...]:
    """A shallow clone stays as shallow as it is. A commit that is here already is fetched without
    a depth, which would cut the history of what was built on it."""
    shallow = repository.git("rev-parse", "--is-shallow-repository").text == "true"
    here = repository.git("cat-file", "-e", tip).ok
    return ("--depth=1",) if shallow and not here else ()
