"""A part: a zip of ``part.json`` and the arrays of a measurement, stored and not compressed.

Nothing is unpickled, nothing grows by more than the eight bits of a byte when it is read, and every
member is held against its digest. Digests tell a file that was damaged from one that was not; they
don't say who wrote it.
"""

import hashlib
import json
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mlci.errors import Broken
from mlci.gates.parts.tree import from_tree, to_tree
from mlci.records.digest import digest_of

FORMAT = 1
_TEXT = "part.json"
_MOST_TEXT = 1 << 26
_DATE = (1980, 1, 1, 0, 0, 0)  # the same measurement gives the same bytes


@dataclass(frozen=True, kw_only=True)
class Part:
    """``about`` says what was measured, by digests; ``measurement`` is None where there was nothing
    to measure, or where it failed: ``failed`` says why then."""

    about: Mapping[str, Any]
    measurement: Any
    failed: str = ""


def write_part(file: IO[bytes], part: Part) -> None:
    """Raises ValueError for a measurement with a number that is NaN or infinite."""
    tree, arrays = to_tree(part.measurement)
    said: dict[str, Any] = {
        "format": FORMAT,
        "about": part.about,
        "failed": part.failed,
        "measurement": tree,
        "arrays": [{"bytes": len(each), "digest": digest_of(each)} for each in arrays],
    }
    said["digest"] = _digest(said)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for at, content in enumerate(arrays):
            archive.writestr(zipfile.ZipInfo(f"{at}.npy", _DATE), content)
        archive.writestr(zipfile.ZipInfo(_TEXT, _DATE), _dumps(said))


def read_about(path: Path) -> Mapping[str, Any]:
    """What a part says it is, its measurement unread. Raises Broken as ``read_part`` does."""
    with _reading(path) as archive:
        about: Mapping[str, Any] = _said(archive)["about"]
        return about


def read_part(path: Path, root: type) -> Part:
    """``root`` is the class of the gate's measurement.

    Raises Broken for a file that is missing, cut short, damaged, compressed, of another format, or
    holds anything but this gate's measurement.
    """
    with _reading(path) as archive:
        said = _said(archive)
        arrays = [_array(archive, at, each) for at, each in enumerate(said["arrays"])]
        return Part(
            about=said["about"],
            measurement=from_tree(said["measurement"], arrays, root),
            failed=said["failed"],
        )


_WRONG = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    NotImplementedError,
    struct.error,
    KeyError,
    TypeError,
    AttributeError,
    ValueError,
    RecursionError,
    OverflowError,
)


@contextmanager
def _reading(path: Path) -> Iterator[zipfile.ZipFile]:
    """Whatever goes wrong inside becomes Broken."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except _WRONG as error:
        said = str(error)
        if isinstance(error, OSError):
            said = error.strerror or said
        elif not isinstance(error, ValueError | zipfile.BadZipFile):
            said = f"no part: {type(error).__name__}: {said}"
        raise Broken(
            place=str(path),
            found=" ".join(said.split())[:300],
            expected="a part as `mlci measure` writes it, whole and unchanged",
            next_step="measure it again",
        ) from None


def _said(archive: zipfile.ZipFile) -> dict[str, Any]:
    said = json.loads(_member(archive, _TEXT, _MOST_TEXT), parse_constant=_no_constant)
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise ValueError(f"no part of format {FORMAT}")
    if said.pop("digest", None) != _digest(said):
        raise ValueError("a part whose content isn't that of its digest")
    if not isinstance(said["about"], dict) or not isinstance(said["failed"], str):
        raise ValueError("a part that doesn't say what it is about")
    names = [f"{at}.npy" for at in range(len(said["arrays"]))]
    if sorted(archive.namelist()) != sorted([_TEXT, *names]):
        raise ValueError("other members than those that it lists")
    return said


def _array(archive: zipfile.ZipFile, at: int, declared: Mapping[str, Any]) -> bytes:
    content = _member(archive, f"{at}.npy", declared["bytes"])
    if digest_of(content) != declared["digest"]:
        raise ValueError(f"member {at}.npy isn't that of its digest")
    return content


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise ValueError(f"member {name} is compressed")
    if info.file_size > most:
        raise ValueError(f"member {name} of {info.file_size:,} bytes, more than {most:,}")
    return archive.read(info)


def _digest(said: Mapping[str, Any]) -> str:
    return f"sha256:{hashlib.sha256(_dumps(said)).hexdigest()}"


def _dumps(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, allow_nan=False, separators=(",", ":")).encode()


def _no_constant(name: str) -> float:
    raise ValueError(f"a number that is {name}")
