"""A repository read through its git objects, never through its files."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from mlci.errors import BadInput, Broken
from mlci.gitops import names
from mlci.gitops.batch import read_blobs
from mlci.gitops.plumbing import Output, must, run
from mlci.records.delivery import Blob

REGULAR = ("100644", "100755")
# Beyond this many paths one listing of the whole tree is cheaper than naming them.
_NAMED_PATHS = 200


@dataclass(frozen=True, kw_only=True)
class Repository:
    """``git_dir`` is absolute; ``root`` is the work tree's top, None in a bare repository.

    Every ``commit`` argument may be any revision; paths are relative to the root.
    """

    git_dir: Path
    root: Path | None

    @classmethod
    def open(cls, path: Path | str) -> "Repository":
        """The repository that ``path`` is in, or that it is if bare. Raises BadInput."""
        start = Path(path).absolute()
        bare = all((start / part).exists() for part in ("HEAD", "objects", "refs"))
        if not start.is_dir():
            raise _no_repository(start, "there is no such directory")
        found = run(
            "rev-parse",
            "--path-format=absolute",
            "--git-dir",
            "--is-inside-work-tree",
            "--show-cdup",
            git_dir=start if bare else None,
            directory=start,
        )
        if not found.ok:
            raise _no_repository(start, found.complaint)
        git_dir, inside, *up = found.text.split("\n")
        root = (start / (up[0] if up else "")).resolve() if inside == "true" and not bare else None
        return cls(git_dir=Path(git_dir), root=root)

    @property
    def place(self) -> str:
        """What messages call this repository."""
        return str(self.root or self.git_dir)

    def git(self, *arguments: str, **how: Any) -> Output:
        """One git command in this repository; see ``plumbing.run``."""
        return run(*arguments, git_dir=self.git_dir, **how)

    def resolve(self, revision: str) -> str:
        """The full id of the commit that ``revision`` names. Raises BadInput."""
        found = self.git(
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            f"{names.revision(revision)}^{{commit}}",
        )
        if found.ok:
            return found.text
        raise BadInput(
            place=revision,
            found=f"names no commit in {self.place}",
            expected="a branch, a tag or a commit that exists here",
            next_step="fetch it, or see `git branch --all` for the names that exist",
        )

    def head(self) -> str:
        """The commit that is checked out. Raises BadInput where there is none yet."""
        return self.resolve("HEAD")

    def tree(self, commit: str) -> str:
        """The id of the commit's tree. Raises Broken where it is not here."""
        return must(
            self.git(
                "rev-parse", "--verify", "--end-of-options", f"{self._exact(commit)}^{{tree}}"
            ),
            place=commit,
            expected=f"a commit in {self.place}",
        ).text

    def reference(self, name: str) -> str | None:
        """What the full reference ``name`` (``refs/…``) points at, or None."""
        found = self.git("rev-parse", "--verify", "--quiet", "--end-of-options", name)
        return found.text if found.ok else None

    def identity(self) -> tuple[str, str]:
        """Who commits here, as git itself would have it (environment, then configuration), else
        mlci's own name."""
        told = os.environ.get("GIT_COMMITTER_NAME"), os.environ.get("GIT_COMMITTER_EMAIL")
        if told[0] and told[1]:
            return told[0], told[1]
        lines = self.git("config", "--get-regexp", r"^user\.(name|email)$").text.splitlines()
        configured = dict(line.split(" ", 1) for line in lines if " " in line)
        if {"user.name", "user.email"} <= set(configured):
            return configured["user.name"], configured["user.email"]
        return "mlci", "mlci@localhost"

    def person(self) -> str:
        """``name <address>`` of whoever acts here."""
        return "{} <{}>".format(*self.identity())

    def remote(self) -> str | None:
        """``origin``, or the only remote, or None without any. Raises BadInput where that is
        not unique."""
        remotes = must(
            self.git("remote"), place=self.place, expected="a list of remotes"
        ).text.split()
        if "origin" in remotes:
            return "origin"
        if len(remotes) > 1:
            raise BadInput(
                place=self.place,
                found=f"has the remotes {', '.join(remotes)}",
                expected="one remote, or one that is named origin",
                next_step="`git remote rename` the one that holds the protected ref to origin",
            )
        return names.branch(remotes[0]) if remotes else None

    def entries(self, commit: str, *prefixes: str) -> tuple[Blob, ...]:
        """The files at or under the ``prefixes`` (files or directories; none: all), in path order,
        symbolic links (120000) and submodules (160000) included."""
        return self._list(commit, "-r", *(names.path(each.rstrip("/")) for each in prefixes))

    def paths(self, commit: str, prefix: str = "") -> tuple[str, ...]:
        """The paths of ``entries``."""
        return tuple(entry.path for entry in self.entries(commit, *([prefix] if prefix else [])))

    def children(self, commit: str, directory: str) -> tuple[str, ...]:
        """The names of what lies directly in ``directory``."""
        listed = self._list(commit, f"{names.path(directory)}/")
        return tuple(entry.path.rsplit("/", 1)[-1] for entry in listed)

    def present(self, commit: str, paths: Sequence[str]) -> dict[str, Blob]:
        """Those of ``paths`` that exist, whatever they are."""
        wanted = [names.path(path) for path in paths]
        if not wanted:
            return {}
        few = len(wanted) <= _NAMED_PATHS
        here = {e.path: e for e in self._list(commit, *(wanted if few else ["-r"]))}
        return {path: here[path] for path in wanted if path in here}

    def find(self, commit: str, path: str) -> Blob | None:
        """The regular file at exactly ``path``, or None. Raises Broken where something else is."""
        found = self.present(commit, [path]).get(path)
        return _regular(found, path, commit) if found else None

    def read(self, commit: str, path: str) -> bytes:
        """The file's bytes. Raises Broken where it is missing or no regular file."""
        return self.read_many(commit, [path])[path]

    def read_many(self, commit: str, paths: Sequence[str]) -> dict[str, bytes]:
        """Many files in two git processes. Raises Broken as ``read`` does."""
        here = self.present(commit, paths)
        oids = {path: _regular(here.get(path), path, commit).oid for path in paths}
        contents = read_blobs(self.git, tuple(oids.values()), place=self.place)
        return {path: contents[oid] for path, oid in oids.items()}

    def blob(self, oid: str) -> bytes:
        """The bytes of one object. Raises Broken where it is missing."""
        return self.blobs((oid,))[oid]

    def blobs(self, oids: Sequence[str]) -> dict[str, bytes]:
        """The bytes of many objects, in one git process. Raises Broken where one is missing."""
        return read_blobs(self.git, oids, place=self.place)

    def blob_to(self, oid: str, file: BinaryIO) -> None:
        """Streams the bytes of one object into ``file``. Raises Broken where it is missing."""
        must(
            self.git("cat-file", "blob", names.oid(oid), into=file),
            place=oid,
            expected=f"a file's object in {self.place}",
        )

    def changed(self, base: str, head: str) -> tuple[str, ...]:
        """The paths that differ between two commits' trees, renames as both of their paths."""
        listed = self.git(
            "diff-tree", "-r", "-z", "--no-renames", "--name-only", *map(self._exact, (base, head))
        )
        return tuple(
            must(listed, place=f"{base}..{head}", expected="two commits to compare").records
        )

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor, or None where none is known here (a shallow clone)."""
        found = self.git("merge-base", *map(self._exact, (one, other)))
        return found.text if found.ok else None

    def _exact(self, commit: str) -> str:
        return commit if names.OID.fullmatch(commit) else self.resolve(commit)

    def _list(self, commit: str, *arguments: str) -> tuple[Blob, ...]:
        options = [word for word in arguments if word == "-r"]
        listed = must(
            self.git(
                "ls-tree",
                "-z",
                "--full-tree",
                *options,
                self._exact(commit),
                "--",
                *arguments[len(options) :],
            ),
            place=commit,
            expected=f"a commit in {self.place}",
        )
        return tuple(map(_entry, listed.records))


def _entry(line: str) -> Blob:
    facts, path = line.split("\t", 1)
    mode, _, oid = facts.split(" ")
    return Blob(path=path, mode=mode, oid=oid)


_KINDS: Mapping[str, str] = {
    "040000": "is a directory",
    "120000": "is a symbolic link",
    "160000": "is a submodule",
}


def _regular(entry: Blob | None, path: str, commit: str) -> Blob:
    if entry is not None and entry.mode in REGULAR:
        return entry
    raise Broken(
        place=path,
        found=f"{_KINDS.get(entry.mode, 'has an unknown mode') if entry else 'is missing'}"
        f" at {commit[:12]}",
        expected="a regular file",
        next_step="commit the file itself under that path",
    )


def _no_repository(path: Path, found: str) -> BadInput:
    return BadInput(
        place=str(path),
        found=found,
        expected="a git repository",
        next_step="go to one, name it with --repository, or make one with `git init`",
    )
