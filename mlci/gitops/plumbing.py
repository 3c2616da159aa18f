"""The one door to git: GitPython's command wrapper, argv lists, and a quiet, safe environment.

Nothing here touches a work tree. What a hostile repository could make git execute (fsmonitor,
hooks, an embedded bare repository, exotic transports) is switched off for every call, and so is
what would change the caller's clone in passing (gc, tags, FETCH_HEAD, split indexes).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from mlci.errors import Broken

_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "safe.bareRepository=explicit",
    "core.sparseCheckout=false",
    "core.splitIndex=false",
    "index.sparse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "i18n.commitEncoding=UTF-8",
)
_TRANSPORTS = ("file", "git", "http", "https", "ssh")
# A hook or an alias that starts mlci leaves these behind; they would redirect every call.
_INHERITED = (
    "GIT_DIR",
    "GIT_COMMON_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
)
_CREDENTIALS = re.compile(r"://[^/@\s]+@")


@dataclass(frozen=True, kw_only=True)
class Output:
    """What a git process left: its exit status, stdout as bytes, stderr as text."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def ok(self) -> bool:
        return self.status == 0

    @property
    def text(self) -> str:
        """stdout without the newline at its end."""
        return os.fsdecode(self.stdout).removesuffix("\n")

    @property
    def records(self) -> list[str]:
        """stdout of a command with ``-z``."""
        return [part for part in os.fsdecode(self.stdout).split("\0") if part]

    @property
    def complaint(self) -> str:
        """The line of stderr that says what went wrong, without credentials."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        telling = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
        line = telling[0] if telling else f"git ended with status {self.status}"
        return harmless(line)


def run(
    *arguments: str,
    git_dir: Path | None = None,
    directory: Path | None = None,
    feed: bytes = b"",
    into: BinaryIO | None = None,
    environment: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> Output:
    """Runs one git command on ``git_dir``, else on the repository around ``directory``; with both
    it stands in ``directory``.

    ``feed`` is its stdin; ``into`` receives stdout as it comes; after ``seconds`` it is killed and
    its status is not 0. Raises Broken when there is no git.
    """
    try:
        from git.cmd import Git
        from git.exc import GitCommandNotFound
    except ImportError as error:
        raise _no_git(str(error)) from error
    place = directory or git_dir or Path.cwd()
    where = [f"--git-dir={git_dir}"] if git_dir else ["-C", str(place)]
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    with TemporaryFile() as stdin:
        stdin.write(feed)
        stdin.seek(0)
        try:
            status, stdout, stderr = Git(str(place)).execute(
                [*_without_inherited(), "git", *where, *settings, *arguments],
                istream=stdin,
                output_stream=into,
                env={**_environment(), **(environment or {})},
                kill_after_timeout=seconds,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                shell=False,
            )
        except GitCommandNotFound as error:
            raise _no_git("git is not on PATH") from error
    return Output(
        status=int(status),
        stdout=stdout if isinstance(stdout, bytes) else b"",
        stderr=stderr if isinstance(stderr, str) else "",
    )


def harmless(text: str) -> str:
    """What git or a remote said, without credentials and without control characters."""
    return "".join(c if c.isprintable() else " " for c in _CREDENTIALS.sub("://", text))


def must(output: Output, *, place: str, expected: str, next_step: str = "") -> Output:
    """``output`` of a command that succeeded. Raises Broken."""
    if output.ok:
        return output
    raise Broken(place=place, found=output.complaint, expected=expected, next_step=next_step)


def _environment() -> dict[str, str]:
    allowed = os.environ.get("GIT_ALLOW_PROTOCOL")
    admitted = (
        _TRANSPORTS if allowed is None else [t for t in _TRANSPORTS if t in allowed.split(":")]
    )
    return {
        "GIT_ALLOW_PROTOCOL": ":".join(admitted),
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _without_inherited() -> list[str]:
    # GitPython can add to the environment, not take from it.
    left = [name for name in _INHERITED if name in os.environ]
    return ["env", *(word for name in left for word in ("-u", name))] if left else []


def _no_git(found: str) -> Broken:
    return Broken(
        place="git",
        found=found.splitlines()[0],
        expected="git 2.38 or newer on PATH",
        next_step="install git",
    )
