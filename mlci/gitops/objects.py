"""New trees and commits by plumbing, on a private index in a temporary directory.

Objects that nothing points at are invisible: a process that is killed here leaves nothing behind
but objects that git collects in time.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from mlci.gitops.plumbing import must
from mlci.gitops.repository import Repository
from mlci.records.delivery import Blob


def store(repository: Repository, contents: Sequence[bytes]) -> tuple[str, ...]:
    """The object ids of ``contents``, written in one process."""
    if not contents:
        return ()
    with TemporaryDirectory(prefix="mlci-") as directory:
        files = [Path(directory, str(number)) for number in range(len(contents))]
        for file, content in zip(files, contents, strict=True):
            file.write_bytes(content)
        written = repository.git(
            "hash-object",
            "-w",
            "--no-filters",
            "--stdin-paths",
            feed="".join(f"{file}\n" for file in files).encode(),
        )
    return tuple(
        must(written, place=repository.place, expected="objects can be written").text.split("\n")
    )


def edit_tree(
    repository: Repository, base: str | None, *, remove: Sequence[str] = (), add: Sequence[Blob]
) -> str:
    """The tree of ``base`` (a commit's id; None: empty) without ``remove`` and with ``add``.

    Raises Broken where a blob is missing, or a path would replace a file by a directory.
    """
    nothing = "0" * len(base or "")
    lines = [f"0 {nothing}\t{path}\0" for path in remove]
    lines += [f"{blob.mode} {blob.oid}\t{blob.path}\0" for blob in add]
    with TemporaryDirectory(prefix="mlci-") as directory:
        index = {"GIT_INDEX_FILE": str(Path(directory, "index"))}
        steps: tuple[tuple[tuple[str, ...], bytes], ...] = (
            (("read-tree", base or "--empty"), b""),
            (("update-index", "-z", "--index-info"), os.fsencode("".join(lines))),
            (("write-tree",), b""),
        )
        for arguments, feed in steps:
            output = must(
                repository.git(*arguments, feed=feed, environment=index),
                place=repository.place,
                expected=f"git {arguments[0]} succeeds",
                next_step="`git fsck` tells what is damaged",
            )
    return output.text


def commit(repository: Repository, tree: str, *, parent: str | None, message: str) -> str:
    """A new commit, on no branch yet; by git's configured user, else by mlci."""
    parents = ["-p", parent] if parent else []
    output = repository.git(
        "commit-tree",
        *parents,
        "-F",
        "-",
        tree,
        feed=message.encode(),
        environment=_identity(repository),
    )
    return must(output, place=repository.place, expected="a commit can be written").text


def _identity(repository: Repository) -> Mapping[str, str]:
    name, address = repository.identity()
    return {
        f"GIT_{role}_{field}": os.environ.get(f"GIT_{role}_{field}", value)
        for role in ("AUTHOR", "COMMITTER")
        for field, value in (("NAME", name), ("EMAIL", address))
    }
