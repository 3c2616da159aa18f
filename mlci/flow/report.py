"""A verdict's file -> another form of it, if the verdict still says what its judgements say."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlci.errors import Broken
from mlci.flow.files import write_whole
from mlci.flow.recomputed import differences
from mlci.reports.formats import beside, render
from mlci.reports.json import loads


def read_verdict(path: Path) -> Mapping[str, Any]:
    """The document in ``path``. Raises Broken where it can't be read, is no verdict, or was edited:
    its outcome isn't the fold of its judgements, rules and waivers."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Broken(
            place=str(path),
            found=error.strerror or str(error),
            expected="a verdict as mlci writes it",
            next_step="name the verdict.json of a gate",
        ) from None
    found = differences(loads(text, str(path)))
    if found:
        raise Broken(
            place=str(path),
            found=f"a verdict that isn't the fold of its judgements: {'; '.join(found)}",
            expected="a verdict as mlci wrote it, and nobody edited",
            next_step="gate the release again",
        )
    document: Mapping[str, Any] = json.loads(text)
    return document


def write_report(path: Path, text: str) -> None:
    """Writes all of it or nothing. Raises Broken when ``path`` can't be written, or would put a
    file in the place of a folder, a device or a link such as /dev/stdout."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise Broken(
            place=str(path),
            found="a folder" if path.is_dir() else "no regular file",
            expected="a file to write to, or none",
            next_step="choose another with --output",
        )
    write_whole(path, text.encode())


def write_beside(folder: Path, document: Mapping[str, Any], *, html: bool) -> tuple[Path, ...]:
    """The reports that a gate leaves in its folder."""
    paths = []
    for name, file in beside(document, html=html).items():
        write_report(folder / file, render(name, document))
        paths.append(folder / file)
    return tuple(paths)
