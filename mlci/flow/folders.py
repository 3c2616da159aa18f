"""A uri that is a folder of Parquet files, under one digest: exams that are too large for a file.

The digest is that of what sha256sum prints of the files, in the order of their names' bytes:

    find . -name '*.parquet' -type f | LC_ALL=C sort | xargs sha256sum | sha256sum
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

from mlci.errors import Broken
from mlci.flow.artifacts import (
    Artifacts,
    copy_file,
    digest_of_file,
    download,
    is_own_file,
    is_relative,
    unreadable,
)
from mlci.gitops.repository import REGULAR
from mlci.records.digest import digest_of

_PATTERN = "*.parquet"
_SUFFIX = ".parquet"

Copies = Mapping[str, Callable[[BinaryIO], None]]


def fetch_data(artifacts: Artifacts, uri: str, digest: str, place: str) -> Path:
    """The verified file, or folder, of data. Raises as ``Artifacts.fetch`` does."""
    folders = tuple(_folders(artifacts, uri))
    if not folders:
        return artifacts.fetch(uri, digest, place)
    artifacts.permit(uri, place)
    target = artifacts.store / digest.removeprefix("sha256:")
    seen = []
    try:
        if target.is_dir():
            if folder_digest(target) == digest:
                return target
            shutil.rmtree(target)
        for where, copies in folders:
            found = _store(copies, target, digest)
            if found is None:
                return target
            seen.append(f"{where} holds {found}")
    except OSError as error:
        raise unreadable(str(error.filename or target), error) from error
    raise Broken(
        place=place,
        found="; ".join(seen),
        expected=f"{uri} with {digest}",
        next_step="put the named files there, or name the digest of the folder that is meant: "
        "`find . -name '*.parquet' -type f | LC_ALL=C sort | xargs sha256sum | sha256sum`",
    )


def folder_digest(folder: Path) -> str:
    """One digest of the names and the bytes of all Parquet files in and under the folder."""
    names = sorted(each.relative_to(folder).as_posix() for each in _files(folder))
    lines = (f"{digest_of_file(folder / name)}  ./{name}\n" for name in names)
    return digest_of("".join(line.removeprefix("sha256:") for line in lines).encode())


def _files(folder: Path) -> Iterable[Path]:
    return (each for each in folder.rglob(_PATTERN) if each.is_file() and not each.is_symlink())


def _folders(artifacts: Artifacts, uri: str) -> Iterator[tuple[str, Copies]]:
    """Who offers a folder at the uri, with what copies its files, by their names in it."""
    if not is_relative(uri):
        copies = _remote(uri)
        if copies:
            yield uri, copies
        return
    if artifacts.tree is not None:
        folder = artifacts.tree / uri
        own = (each.relative_to(folder).as_posix() for each in _files(folder))
        copies = {
            name: partial(copy_file, folder / name)
            for name in own
            if is_own_file(artifacts.tree, f"{uri}/{name}")
        }
        if copies:
            yield uri, copies
    for commit in artifacts.commits:
        copies = {
            each.path.removeprefix(f"{uri}/"): artifacts.blob(each)
            for each in artifacts.repository.entries(commit, uri)
            if each.mode in REGULAR and each.path.startswith(f"{uri}/")
            if each.path.endswith(_SUFFIX)
        }
        if copies:
            yield f"{commit[:12]}:{uri}", copies


def _remote(uri: str) -> Copies:
    """Empty where the uri is no folder; https has none."""
    if uri.startswith("https:"):
        return {}
    from pyarrow import fs

    try:
        filesystem, path = fs.FileSystem.from_uri(uri)
        if filesystem.get_file_info(path).type is not fs.FileType.Directory:
            return {}
        found = filesystem.get_file_info(fs.FileSelector(path, recursive=True))
    except (OSError, ValueError, NotImplementedError) as error:
        raise unreadable(uri, error) from error
    names = (
        each.path.removeprefix(f"{path.rstrip('/')}/")
        for each in found
        if each.type is fs.FileType.File and each.path.endswith(_SUFFIX)
    )
    return {name: partial(download, f"{uri}/{name}") for name in names}


def _store(copies: Copies, target: Path, digest: str) -> str | None:
    """Copies beside the target and renames when the digest agrees, else says what was found."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".incoming-"))
    try:
        for name, copy in copies.items():
            (beside / name).parent.mkdir(parents=True, exist_ok=True)
            with (beside / name).open("wb") as file:
                copy(file)
        found = folder_digest(beside)
        if found != digest:
            return found
        try:
            beside.rename(target)
        except OSError:
            # Another run was quicker: what it stored is held to the same digest.
            if not target.is_dir() or folder_digest(target) != digest:
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return None
