"""Where documents are read for checking: a work tree as it lies, or a commit's objects."""

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlci.errors import BadInput
from mlci.manifest.document import PROJECT_PATH
from mlci.manifest.text import LARGEST

if TYPE_CHECKING:
    from mlci.gitops.repository import Repository

RULES = ("policies", "evaluations")
FOLDERS = (*RULES, "releases")
REGULAR = ""

_SUFFIXES = (".yaml", ".yml", ".json")
_MODES = {"120000": "a symbolic link", "160000": "a submodule"}


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
        if os.path.lexists(self._root / PROJECT_PATH):
            found[PROJECT_PATH] = self._kind(PROJECT_PATH)
        for folder in FOLDERS:
            if os.path.lexists(self._root / folder) and self._kind(folder) != "a folder":
                found[folder] = self._kind(folder)
            for here, folders, names in os.walk(self._root / folder):
                inner = Path(here).relative_to(self._root).as_posix()
                for name in (*folders, *names):
                    path = f"{inner}/{name}"
                    kind = self._kind(path)
                    if kind != "a folder" and (kind or name.endswith(_SUFFIXES)):
                        found[path] = kind
        return found

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: self._bytes(path) for path in paths}

    def _kind(self, path: str) -> str:
        mode = (self._root / path).lstat().st_mode
        if stat.S_ISREG(mode):
            return REGULAR
        if stat.S_ISDIR(mode):
            return "a folder"
        return "a symbolic link" if stat.S_ISLNK(mode) else "no regular file"

    def _bytes(self, path: str) -> bytes:
        try:
            with (self._root / path).open("rb") as file:
                return file.read(LARGEST + 1)
        except OSError as error:
            raise BadInput(
                place=path,
                found=error.strerror or str(error),
                expected="a file that can be read",
            ) from error


class Commit:
    """The files of one commit, read from git's objects."""

    def __init__(self, repository: "Repository", commit: str) -> None:
        self._repository = repository
        self._commit = commit

    def entries(self) -> Mapping[str, str]:
        found = [
            entry
            for prefix in (PROJECT_PATH, *FOLDERS)
            for entry in self._repository.entries(self._commit, prefix)
        ]
        return {
            entry.path: _MODES.get(entry.mode, REGULAR)
            for entry in found
            if entry.mode in _MODES or entry.path.endswith(_SUFFIXES)
        }

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return self._repository.read_many(self._commit, list(paths))
