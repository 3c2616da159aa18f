"""Files that are there whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mlci.errors import Broken
from mlci.gitops.repository import Repository


def write_whole(path: Path, content: bytes) -> None:
    """Writes beside and renames. Raises Broken when the folder can't be written."""
    with whole(path) as file:
        file.write(content)


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file beside ``path`` that becomes it at the end, if nothing goes wrong until then. Raises
    Broken when the folder can't be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def clear(path: Path) -> None:
    """Removes what is there, so that ``path`` can be written later. Raises Broken if it can't."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> Broken:
    return Broken(
        place=str(path),
        found=error.strerror or str(error),
        expected="a folder that can be written",
        next_step="choose another with --out, --output or --state",
    )


def state_of(repository: Repository) -> Path:
    """Where mlci keeps what can be had again: `.mlci` in the work tree, or in a bare repository.

    It is made on first use, with a .gitignore of its own, so that no `git add` picks it up.
    """
    folder = (repository.root or repository.git_dir) / ".mlci"
    if not (folder / ".gitignore").exists():
        write_whole(folder / ".gitignore", b"*\n")
    return folder
