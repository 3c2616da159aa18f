"""Real repositories: a bare remote and clones of it in a temporary directory."""

import multiprocessing
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord, State

MANIFEST = "releases/income/production.yaml"
BUNDLE = "deploy/production/income"
SERVICE = f"{BUNDLE}/service.yaml"
REAL_GIT = shutil.which("git")


@pytest.fixture(autouse=True)
def pinned_git(monkeypatch, tmp_path):
    """No configuration but the repositories' own; commits by Test."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@localhost")


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass(frozen=True)
class Clone:
    """A person's clone with a work tree, and the bare remote behind it."""

    path: Path
    origin: Path | None

    @property
    def repository(self) -> Repository:
        return Repository.open(self.path)

    def git(self, *arguments: str) -> str:
        return git(self.path, *arguments)

    def commit(self, message: str, files: dict[str, str | None]) -> str:
        """A commit of ``files`` (None removes) on the branch that is checked out; its id."""
        for name, content in files.items():
            file = self.path / name
            if content is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push(self) -> None:
        self.git("push", "--quiet", "origin", "HEAD:main")

    def merged(self, message: str, files: dict[str, str | None]) -> str:
        """A commit on top of the remote's main, pushed there."""
        self.git("pull", "--quiet", "--ff-only", "origin", "main")
        commit = self.commit(message, files)
        self.push()
        return commit

    def remote(self, *arguments: str) -> str:
        assert self.origin is not None
        return git(self.origin, f"--git-dir={self.origin}", *arguments)

    def state(self) -> tuple[str, ...]:
        """What a person sees and must find unchanged."""
        index = (self.path / ".git/index").read_bytes()
        fetch_head = self.path / ".git/FETCH_HEAD"
        return (
            self.git("rev-parse", "HEAD"),
            self.git("symbolic-ref", "HEAD"),
            index.hex(),
            self.git("status", "--porcelain"),
            self.git("for-each-ref", "refs/heads", "refs/tags"),
            self.git("config", "--local", "--list"),
            fetch_head.read_text() if fetch_head.exists() else "",
        )


def clone_of(origin: Path, path: Path, *options: str) -> Clone:
    git(origin.parent, "clone", "--quiet", *options, f"file://{origin}", str(path))
    return Clone(path=path, origin=origin)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A clone of a remote that has one commit with release 1.0.0 and somebody else's files."""
    origin = tmp_path / "origin.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    made = clone_of(origin, tmp_path / "clone")
    made.git("checkout", "--quiet", "-b", "main")
    made.commit(
        "Release 1.0.0",
        {MANIFEST: "model: A\n", SERVICE: "image: A\n", "README.md": "theirs\n"},
    )
    made.push()
    made.git("fetch", "--quiet", "origin")
    made.git("remote", "set-head", "origin", "main")
    return made


@pytest.fixture
def cloned(clone: Clone, tmp_path: Path) -> Callable[..., Clone]:
    """Makes another clone of the same remote."""
    made = iter(range(1000))
    return lambda *options: clone_of(clone.origin, tmp_path / f"clone-{next(made)}", *options)


@pytest.fixture
def other(cloned: Callable[..., Clone]) -> Clone:
    """A colleague's clone."""
    return cloned()


@pytest.fixture
def shallow(cloned: Callable[..., Clone]) -> Clone:
    return cloned("--depth=1")


@pytest.fixture
def alone(tmp_path: Path) -> Clone:
    """A repository without a remote."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(tmp_path / "alone"))
    made = Clone(path=tmp_path / "alone", origin=None)
    made.commit(
        "Release 1.0.0",
        {MANIFEST: "model: A\n", SERVICE: "image: A\n", "README.md": "theirs\n"},
    )
    return made


def _record(seq: int = 1, state: State = State.HEALTHY, **values: object) -> DeliveryRecord:
    """A delivery record; ``delivery``, ``manifest`` and ``digest`` of the model as one letter."""
    delivery = str(values.pop("delivery", "d"))
    manifest = str(values.pop("manifest", delivery))
    model = str(values.pop("digest", manifest))
    return DeliveryRecord(
        **{
            "seq": seq,
            "delivery": delivery.encode().hex().ljust(64, "0"),
            "state": state,
            "environment": "production",
            "model": "income",
            "version": "1.0.0",
            "manifest_digest": "sha256:" + manifest.encode().hex().ljust(64, "0"),
            "model_digest": "sha256:" + model.encode().hex().ljust(64, "0"),
            "commit": "0" * 40,
            "reason": "because",
            "time": "2026-01-01T00:00:00Z",
            "by": "test",
            **values,
        }
    )


@pytest.fixture
def record() -> Callable[..., DeliveryRecord]:
    return _record


@pytest.fixture
def record_at() -> Callable[..., DeliveryRecord]:
    """Makes the record of the release as it stands at a commit."""

    def make(repository: Repository, commit: str, **values: object) -> DeliveryRecord:
        paths = (*repository.entries(commit, MANIFEST), *repository.entries(commit, BUNDLE))
        return _record(commit=commit, paths=paths, **values)

    return make


class Killer:
    """A git on the PATH that kills the process that called it, at the Nth call.

    That git itself does nothing more, or, as an orphan, still does what it was called for.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()

    def run(self, act: Callable[[], object], *, at: int, orphan: bool) -> bool:
        """Runs ``act`` in a process of its own; True if that was killed at its ``at``-th call."""
        counter = self.directory / "calls"
        counter.write_text("")
        wrapper = self.directory / "git"
        last = "" if orphan else "exit 1; "
        wrapper.write_text(
            "#!/bin/sh\n"
            f'echo >> "{counter}"\n'
            f'if [ "$(wc -l < "{counter}")" -eq {at} ]; then kill -9 $PPID; {last}fi\n'
            f'exec "{REAL_GIT}" "$@"\n'
        )
        wrapper.chmod(0o755)

        def child() -> None:
            os.environ["PATH"] = f"{self.directory}:{os.environ['PATH']}"
            act()

        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        return process.exitcode != 0


@pytest.fixture
def killer(tmp_path: Path) -> Killer:
    return Killer(tmp_path / "killer")
