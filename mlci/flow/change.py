"""Which releases a change touches, and whether it keeps rules and releases apart."""

import re

from mlci.errors import BadInput
from mlci.gitops import history
from mlci.gitops.names import OID
from mlci.gitops.protected import find_protected
from mlci.gitops.remote import fetch_commit
from mlci.gitops.repository import Repository
from mlci.manifest.document import PROJECT_PATH, kind_of
from mlci.manifest.problems import printable
from mlci.records.change import Change, ChangedRelease, Kind
from mlci.records.paths import NAME

_NOTHING = re.compile(r"0{40}|0{64}")  # what forges call the commit before a branch's first push


def change_request(repository: Repository, base: str | None) -> Change:
    """What HEAD changes since it left the protected ref (``base``, else the remote's default).

    Raises BadInput where it changes rules and releases together, unless it brings the first
    mlci.yaml; and as ``find_protected``, ``fork_point`` and ``change_between``.
    """
    protected = find_protected(repository, base)
    head = repository.head()
    change = change_between(repository, history.fork_point(repository, protected, head), head)
    if change.rules and change.releases and not change.first:
        raise BadInput(
            place=change.releases[0].path,
            found=f"is changed together with {', '.join(map(printable, change.rules))}",
            expected="a change of releases, or a change of the rules that they are judged by",
            next_step="make two changes; rules come first, and their owners approve them",
        )
    return change


def change_since(repository: Repository, since: str) -> Change:
    """What was merged from commit ``since`` to HEAD; all of it, where ``since`` is only zeros.

    A shallow clone fetches that commit. Raises BadInput for one that isn't anywhere, and as
    ``change_between``.
    """
    head = repository.head()
    if _NOTHING.fullmatch(since):
        return change_between(repository, None, head)
    remote = repository.remote()
    missing = OID.fullmatch(since) and not repository.git("cat-file", "-e", since).ok
    if missing and remote is not None:
        fetch_commit(repository, remote, since)
    return change_between(repository, repository.resolve(since), head)


def change_between(repository: Repository, since: str | None, until: str) -> Change:
    """What differs between two commits' trees. Raises BadInput for a release with a name that no
    model or environment can have."""
    before = set(repository.paths(since)) if since else set()
    after = set(repository.paths(until))
    changed = repository.changed(since, until) if since else sorted(after)
    return Change(
        since=since or "",
        until=until,
        releases=tuple(
            _release(path, _kind(path, before, after))
            for path in changed
            if kind_of(path) == "ModelRelease"
        ),
        rules=tuple(
            path for path in changed if kind_of(path) in {"Project", "GatePolicy", "EvaluationSet"}
        ),
        first=PROJECT_PATH in after - before,
    )


def _kind(path: str, before: set[str], after: set[str]) -> Kind:
    if path not in after:
        return Kind.REMOVED
    return Kind.MODIFIED if path in before else Kind.ADDED


def _release(path: str, kind: Kind) -> ChangedRelease:
    _, model, environment = path.removesuffix(".yaml").split("/")
    for name in (model, environment):
        if not NAME.fullmatch(name):
            raise BadInput(
                place=printable(path),
                found=f"{printable(name)!r} in a release's path",
                expected="small letters, digits and -, at most 40, as models are named",
                next_step="rename the file or its folder",
            )
    return ChangedRelease(path=path, model=model, environment=environment, kind=kind)
