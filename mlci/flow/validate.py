"""Checking documents offline: each alone, then all of them together. No model is opened.

What is asked for is held against its context: project file, policies and exams, as they are at the
same place.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlci.errors import BadInput, Invalid, MlciError
from mlci.flow.clock import today
from mlci.flow.documents import REGULAR, RULES, Commit, Store, Tree
from mlci.manifest.document import PROJECT_PATH, kind_of
from mlci.manifest.examine import examine
from mlci.manifest.meaning.waivers import expired
from mlci.manifest.outline import Outline, PolicyOutline
from mlci.manifest.problems import printable
from mlci.manifest.together import check_together


@dataclass(frozen=True, kw_only=True)
class Validation:
    """``files`` counts what was asked for; ``problems`` are sorted by path, line and column."""

    files: int
    problems: tuple[MlciError, ...]


def validate_tree(root: Path, paths: Sequence[str]) -> Validation:
    """The files as they lie in ``root``; ``paths`` are files and folders in it, none: all.

    Raises BadInput for a path outside ``root``.
    """
    wanted = [_relative(root, path) for path in paths]
    store = Tree(root)
    entries = store.entries()
    nowhere = [each for each in wanted if not any(_within(path, [each]) for path in entries)]
    problems = [_no_document(root, path) for path in nowhere]
    targets = {path for path in entries if not wanted or _within(path, wanted)}
    return _validate(store, entries, targets, problems)


def validate_changes(root: Path, revision: str, paths: Sequence[str]) -> Validation:
    """What differs between ``revision`` and HEAD, below ``paths`` if there are any, as HEAD has it.

    Only git's objects are read, never the work tree. Raises BadInput for a revision that doesn't
    exist, and where there is no repository.
    """
    from mlci.gitops.repository import Repository

    repository = Repository.open(root)
    wanted = [_relative(repository.root or root, path) for path in paths]
    head = repository.resolve("HEAD")
    changed = repository.changed(repository.resolve(revision), head)
    asked = {path for path in changed if not wanted or _within(path, wanted)}
    store = Commit(repository, head, asked)
    entries = store.entries()
    return _validate(store, entries, asked & entries.keys(), [])


def _validate(
    store: Store, entries: Mapping[str, str], targets: set[str], problems: list[MlciError]
) -> Validation:
    context = {path for path in entries if path == PROJECT_PATH or path.split("/")[0] in RULES}
    if PROJECT_PATH not in entries:
        problems.append(
            _refused(PROJECT_PATH, "no such file", "the project file at the repository's root")
        )
    unread: list[str] = []
    readable: list[str] = []
    for path in sorted(targets | context):
        wrong = _unusable(path, entries[path])
        if wrong is None:
            readable.append(path)
        else:
            unread.append(path)
            problems.append(wrong)
    outlines: list[Outline] = []
    contents = store.read(readable)
    for path, content in contents.items():
        try:
            outline, wrongs = examine(path, content)
        except Invalid as invalid:
            unread.append(path)
            problems.extend(invalid.problems)
        else:
            outlines.append(outline)
            problems.extend(wrongs)
    problems.extend(check_together(outlines, unread))
    problems.extend(_rendered(contents, targets, problems))
    for each in outlines:
        if isinstance(each, PolicyOutline):
            problems.extend(expired(each.source, each.waived_until, today()))
    return Validation(files=len(targets), problems=tuple(sorted(problems, key=_order)))


def _rendered(
    contents: Mapping[str, bytes], targets: set[str], problems: Iterable[MlciError]
) -> Iterable[MlciError]:
    """Of the releases that are right so far, as far as anything is rendered at all."""
    if b"argo" not in contents.get(PROJECT_PATH, b""):
        return ()
    from mlci.flow.render import rendering_problems

    wrong = {position(each.place)[0] for each in problems}
    right = {path for path in targets - wrong if kind_of(path) == "ModelRelease"}
    releases = {path: contents[path] for path in sorted(right & contents.keys())}
    return rendering_problems(releases, contents[PROJECT_PATH])


def position(place: str) -> tuple[str, int | None, int | None]:
    """``path:line:column`` taken apart; line and column are None where it is a path alone."""
    path, line, column = (*place.rsplit(":", 2), "", "")[:3]
    if line.isdigit() and column.isdigit():
        return path, int(line), int(column)
    return place, None, None


def _order(problem: MlciError) -> tuple[str, int, int, str]:
    path, line, column = position(problem.place)
    return path, line or 0, column or 0, problem.found


def _relative(root: Path, path: str) -> str:
    inner = os.path.relpath(os.path.normpath(root.absolute() / path), root.absolute())
    if Path(inner).parts[:1] == (os.pardir,):
        raise BadInput(
            place=printable(path), found="a path outside the repository", expected=f"one in {root}"
        )
    return Path(inner).as_posix()


def _within(path: str, folders: Iterable[str]) -> bool:
    return any(each in (".", path) or path.startswith(f"{each}/") for each in folders)


def _no_document(root: Path, path: str) -> MlciError:
    if not os.path.lexists(root / path):
        return _refused(path, "no such file or folder", "a document or a folder of documents")
    return _refused(path, "no document there", _PLACES)


def _unusable(path: str, entry: str) -> MlciError | None:
    if entry != REGULAR:
        return _refused(path, entry, "a regular file")
    if kind_of(path) is None:
        # A rule or a release that nobody reads would be worse than one that is wrong.
        return _refused(path, "a file where documents are, with another name", _PLACES)
    return None


_PLACES = (
    "mlci.yaml, policies/<name>.yaml, evaluations/<name>.yaml "
    "or releases/<model>/<environment>.yaml"
)


def _refused(path: str, found: str, expected: str) -> MlciError:
    return BadInput(place=printable(path), found=found, expected=expected)
