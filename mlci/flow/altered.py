"""Rules that the change brings and the protected ref doesn't have: they count for nothing yet, and
whoever wrote them must hear so."""

import hashlib
from pathlib import Path

from mlci.flow.case import Case
from mlci.flow.truth import PROJECT
from mlci.gitops.repository import Repository

_FOLDERS = ("policies", "evaluations")


def altered(case: Case) -> list[str]:
    """A line for each document that the change alters: not one that is merely older than the tip.

    Nothing where the rules are the change's own, as in the first one.
    """
    truth, repository = case.truth, case.repository
    if truth.first_change:
        return []
    tip = _at(repository, truth.rules.commit)
    here = _at(repository, case.at) if case.at else _in_work_tree(repository, tip)
    differing = [path for path in sorted({*tip, *here}) if tip.get(path) != here.get(path)]
    if not differing:
        return []
    base = repository.merge_base(case.at or "HEAD", truth.rules.commit)
    before = _at(repository, base) if base else tip
    where = f"{truth.protected.ref} at {truth.rules.commit[:7]}"
    return [
        _line(path, where, tip=path in tip, here=path in here)
        for path in differing
        if before.get(path) != here.get(path)
    ]


def _line(path: str, where: str, *, tip: bool, here: bool) -> str:
    own = "merge it in a change of its own"
    if not tip:
        return f"{path} is not in {where}: it doesn't count; {own}"
    said = "differs from" if here else "is gone here, not from"
    return f"{path} {said} {where}: the tip's counts; {own}"


def _at(repository: Repository, commit: str) -> dict[str, str]:
    entries = repository.entries(commit, PROJECT, *_FOLDERS)
    return {each.path: each.oid for each in entries if _governs(each.path)}


def _in_work_tree(repository: Repository, tip: dict[str, str]) -> dict[str, str]:
    root = repository.root or Path()
    files = [root / PROJECT, *(file for each in _FOLDERS for file in (root / each).glob("*.yaml"))]
    length = max(map(len, tip.values()), default=40)
    kind = "sha1" if length == 40 else "sha256"
    return {
        file.relative_to(root).as_posix(): _blob_id(file.read_bytes(), kind)
        for file in files
        if file.is_file()
    }


def _governs(path: str) -> bool:
    return path == PROJECT or (path.endswith(".yaml") and path.count("/") == 1)


def _blob_id(content: bytes, kind: str) -> str:
    """As git names a file's content."""
    head = f"blob {len(content)}\0".encode()
    return hashlib.new(kind, head + content, usedforsecurity=False).hexdigest()
