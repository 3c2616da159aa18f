"""A uri and a digest -> a file whose bytes are exactly those: what was hashed is what is loaded.

Candidates for the bytes are tried in turn; the digest alone decides which are right, so it does not
matter who stored them. The file lands in a store by content, written beside and renamed.
"""

import hashlib
import os
import shutil
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from mlci.errors import BadInput, Broken
from mlci.gitops.repository import Repository
from mlci.records.delivery import Blob

_CHUNK = 1 << 20
_TIMEOUT = 60.0


@dataclass(frozen=True, kw_only=True)
class Artifacts:
    """``store`` is a folder by content; ``commits`` and ``tree`` are where relative uris may lie.

    ``sources`` is None where the uri was permitted before: for what is delivered already.
    ``tree`` is a work tree or None; ``blobs`` are files known by their git object.
    """

    repository: Repository
    store: Path
    sources: tuple[str, ...] | None
    tree: Path | None
    commits: tuple[str, ...]
    blobs: tuple[Blob, ...] = ()

    def fetch(self, uri: str, digest: str, place: str) -> Path:
        """The verified file. Raises BadInput when ``sources`` forbid the uri, Broken when no
        place has these bytes."""
        self.permit(uri, place)
        target = self.store / digest.removeprefix("sha256:")
        seen: list[str] = []
        try:
            # What nobody offers any more is missing, whatever an earlier run has stored.
            offers = tuple(self._offers(uri))
            if offers and target.exists():
                if digest_of_file(target) == digest:
                    return target
                target.unlink()
            for where, copy in offers:
                found = _tried(copy, target, digest)
                if not found:
                    return target
                seen.append(f"{where} {found}")
        except OSError as error:
            raise Broken(
                place=str(error.filename or self.store),
                found=error.strerror or str(error),
                expected="a folder that can be read and written",
                next_step="check the rights and the space on this machine",
            ) from error
        raise Broken(
            place=place,
            found="; ".join(seen) or f"no file {uri}",
            expected=f"{uri} with {digest}",
            next_step="put the named file there, or name the digest of the file that is meant",
        )

    def permit(self, uri: str, place: str) -> None:
        """Raises BadInput when no policy's sources hold the uri."""
        if self.sources is None:
            return
        relative = is_relative(uri)
        for source in self.sources:
            if source == "./" and relative:
                return
            if not relative and source != "./" and uri.startswith(source):
                return
        raise BadInput(
            place=place,
            found=f"{uri!r}",
            expected=f"a uri within the policy's sources: {', '.join(self.sources)}",
            next_step="move the artifact there, or have the policies' owners permit its source",
        )

    def _offers(self, uri: str) -> Iterable[tuple[str, Callable[[BinaryIO], None]]]:
        if not is_relative(uri):
            yield uri, partial(download, uri)
            return
        for blob in self.blobs:
            if blob.path == uri:
                yield f"records:{uri}", self.blob(blob)
        if self.tree is not None and is_own_file(self.tree, uri):
            yield uri, partial(copy_file, self.tree / uri)
        for commit in self.commits:
            at_commit = self.repository.find(commit, uri)
            if at_commit is not None:
                yield f"{commit[:12]}:{uri}", self.blob(at_commit)

    def blob(self, blob: Blob) -> Callable[[BinaryIO], None]:
        """How the bytes of a git object are copied."""
        return lambda file: self.repository.blob_to(blob.oid, file)


def bring(uri: str, digest: str, target: Path) -> None:
    """The file at an absolute uri, verified before it is at ``target``.

    Raises Broken where it can't be had, isn't the one named, or can't be written.
    """
    try:
        found = _tried(partial(download, uri), target, digest)
    except OSError as error:
        raise Broken(
            place=str(error.filename or target),
            found=error.strerror or str(error),
            expected="a folder that can be written",
        ) from error
    if found:
        raise Broken(
            place=uri,
            found=found,
            expected=digest,
            next_step="put the named file there, or name the digest of the file that is meant",
        )
    # Who serves it runs as another user than who brought it.
    target.chmod(0o444)


def is_relative(uri: str) -> bool:
    """True for a path inside the repository."""
    return not urllib.parse.urlsplit(uri).scheme


def is_own_file(tree: Path, uri: str) -> bool:
    """A regular file without a link on its way: a link could lead out of the repository, and git
    objects, which the admitting gate reads, would not follow it."""
    file = tree / uri
    return file.is_file() and file.resolve() == tree.resolve() / uri


def _tried(copy: Callable[[BinaryIO], None], target: Path, digest: str) -> str:
    """Empty when the target holds the bytes, else what was found instead."""
    try:
        found = _store(copy, target, digest)
    except Broken as error:
        return f"can't be read: {error.found}"
    return f"holds {found}" if found else ""


def _store(copy: Callable[[BinaryIO], None], target: Path, digest: str) -> str | None:
    """Copies beside the target and renames when the digest agrees, else says what was found."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".incoming-")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            copy(file)
        found = digest_of_file(beside)
        if found != digest:
            return found
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return None


def digest_of_file(file: Path) -> str:
    """``sha256:<64 hex>`` of the file's bytes."""
    with file.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def copy_file(source: Path, file: BinaryIO) -> None:
    """Raises Broken where the file can't be read."""
    try:
        stream = source.open("rb")
    except OSError as error:
        raise unreadable(str(source), error) from error
    with stream:
        shutil.copyfileobj(stream, file, _CHUNK)


class _SameHostOnly(urllib.request.HTTPRedirectHandler):
    """A redirect to another host could leave the permitted sources: it is an error."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        if urllib.parse.urlsplit(newurl).netloc != urllib.parse.urlsplit(req.full_url).netloc:
            raise OSError(f"redirects to another host: {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(uri: str, file: BinaryIO) -> None:
    """``file:`` and object stores by pyarrow's file systems, ``https:`` by the standard library.

    Raises Broken where it can't be had.
    """
    try:
        if uri.startswith("https:"):
            opener = urllib.request.build_opener(_SameHostOnly())
            with opener.open(uri, timeout=_TIMEOUT) as response:
                shutil.copyfileobj(response, file, _CHUNK)
            return
        from pyarrow import fs

        filesystem, path = fs.FileSystem.from_uri(uri)
        with filesystem.open_input_stream(path) as stream:
            shutil.copyfileobj(stream, file, _CHUNK)
    except (OSError, ValueError, NotImplementedError) as error:
        raise unreadable(uri, error) from error


def unreadable(place: str, error: Exception) -> Broken:
    """What to say of an artifact whose bytes can't be had."""
    said = " ".join(str(error).split())
    return Broken(
        place=place,
        found=f"{type(error).__name__}: {said}",
        expected="a file that can be read",
        next_step="check the uri and this machine's access to it",
    )


def in_repository(repository: Repository, commit: str, uris: Sequence[str]) -> tuple[Blob, ...]:
    """The blobs of those uris that lie in the repository at a commit."""
    return tuple(
        blob
        for uri in uris
        if is_relative(uri)
        if (blob := repository.find(commit, uri)) is not None
    )
