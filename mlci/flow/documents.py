"""Where documents are read for checking: a work tree as it lies, or a commit's objects."""

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlci.errors import BadInput
from mlci.manifest.document import PROJECT_PATH
from mlci.manifest.problems import printable
from mlci.manifest.text import LARGEST

if TYPE_CHECKING:
    from mlci.gitops.repository import Repository

RULES = ("policies", "evaluations")
_RELEASES = "releases"
FOLDERS = (*RULES, _RELEASES)
REGULAR = ""

_FOLDER = "a folder"
_SUFFIXES = (".yaml", ".yml", ".json")
_MODES = {"120000": "a symbolic link", "160000": "a submodule"}
_NAMED = 200  # paths; git takes longer to find more of them than to list all


class Store(Protocol):
    """Files by path, relative to the repository's root."""

    def entries(self) -> Mapping[str, str]:
        """All files that look like documents -> REGULAR, or what they are instead."""
        ...

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of regular files; of a larger one than a document may be, the beginning."""
        ...


class Tree:
    """The files below ``root``. Raises BadInput where there is no such folder."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise BadInput(
                place=str(root), found="no such folder", expected="the root of a repository"
            )
        self._root = root

    def entries(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        folders: list[str] = []
        for name in (PROJECT_PATH, *FOLDERS):
            if os.path.lexists(self._root / name):
                kind = _kind((self._root / name).lstat().st_mode)
                if kind == _FOLDER and name in FOLDERS:
                    folders.append(name)
                else:
                    found[name] = kind
        while folders:
            folder = folders.pop()
            for entry in self._listed(folder):
                path = f"{folder}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                elif not entry.is_file(follow_symlinks=False):
                    found[path] = _kind(entry.stat(follow_symlinks=False).st_mode)
                elif path.endswith(_SUFFIXES):
                    found[path] = REGULAR
        return found

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: self._bytes(path) for path in paths}

    def _listed(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self._root / folder) as entries:
                return list(entries)
        except OSError as error:
            raise _unreadable(folder, error, "a folder that can be read") from error

    def _bytes(self, path: str) -> bytes:
        try:
            with open(os.path.join(self._root, path), "rb") as file:  # noqa: PTH118, PTH123 (quick)
                return file.read(min(os.fstat(file.fileno()).st_size, LARGEST) + 1)
        except OSError as error:
            raise _unreadable(path, error, "a file that can be read") from error


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return REGULAR
    if stat.S_ISDIR(mode):
        return _FOLDER
    return "a symbolic link" if stat.S_ISLNK(mode) else "no regular file"


def _unreadable(path: str, error: OSError, expected: str) -> BadInput:
    return BadInput(place=printable(path), found=error.strerror or str(error), expected=expected)


class Commit:
    """One commit's project file and rules, and of its releases those at ``paths``, read from
    git's objects."""

    def __init__(self, repository: "Repository", commit: str, paths: Iterable[str]) -> None:
        self._repository = repository
        self._commit = commit
        releases = [path for path in paths if path.split("/")[0] == _RELEASES]
        few = len(releases) <= _NAMED
        self._places = (PROJECT_PATH, *RULES, *(releases if few else [_RELEASES]))

    def entries(self) -> Mapping[str, str]:
        return {
            entry.path: _MODES.get(entry.mode, REGULAR)
            for entry in self._repository.entries(self._commit, *self._places)
            if entry.mode in _MODES or entry.path.endswith(_SUFFIXES)
        }

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return self._repository.read_many(self._commit, list(paths))
