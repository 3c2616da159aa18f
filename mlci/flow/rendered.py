"""Rendered files in a work tree: how they differ from what they are to be, and writing them."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlci.errors import BadInput, Broken
from mlci.flow.files import write_whole

_MARK = b"# Rendered by `mlci render "


@dataclass(frozen=True, kw_only=True)
class Difference:
    """``kind`` is missing, differs or superfluous; ``path`` is from the repository's root."""

    path: str
    kind: str


def compare(root: Path, expected: Mapping[str, bytes]) -> list[Difference]:
    """``expected`` is path -> content; the folders that these lie in hold nothing else."""
    there: dict[str, bytes | None] = {}
    for folder in _folders(expected):
        there |= _files(root, folder)
    found = [
        Difference(path=path, kind="differs" if path in there else "missing")
        for path, content in expected.items()
        if there.get(path) != content
    ]
    left = sorted(there.keys() - expected.keys())
    return found + [Difference(path=path, kind="superfluous") for path in left]


def write(root: Path, expected: Mapping[str, bytes]) -> None:
    """Only what isn't there yet. What an earlier rendering left is removed, and nothing else.

    Raises BadInput for a link on the way, Broken where a folder can't be written.
    """
    real = root.resolve()
    for path, content in expected.items():
        target = root / path
        if target.parent.resolve() != real / path.rpartition("/")[0]:
            found, wanted = "a symbolic link on the way", "folders of this repository"
            raise BadInput(place=path, found=found, expected=wanted)
        if target.is_symlink() or not target.is_file() or target.read_bytes() != content:
            write_whole(target, content)
            target.chmod(0o644)
    for folder in _folders(expected):
        for path, left in _files(root, folder).items():
            if path not in expected and left is not None and left.startswith(_MARK):
                (root / path).unlink()


def _folders(paths: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(path.rpartition("/")[0] for path in paths))


def _files(root: Path, folder: str) -> Mapping[str, bytes | None]:
    """The files right in a folder; None for what is no regular file."""
    return dict(_scanned(root, folder))


def _scanned(root: Path, folder: str) -> Iterator[tuple[str, bytes | None]]:
    try:
        with os.scandir(root / folder) as entries:
            for each in entries:
                if not each.is_dir(follow_symlinks=False):
                    yield f"{folder}/{each.name}", _content(each)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise Broken(
            place=folder,
            found=error.strerror or str(error),
            expected="a folder that can be read",
        ) from error


def _content(entry: os.DirEntry[str]) -> bytes | None:
    if not entry.is_file(follow_symlinks=False):
        return None
    with open(entry.path, "rb") as file:  # noqa: PTH123 (quick)
        return file.read()
