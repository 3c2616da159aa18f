"""A bare remote and a work tree of it, as a person has one."""

import os
import subprocess
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.org",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


class Cloned:
    """``remote`` has the branch main only, ``work`` is at it."""

    def __init__(self, folder: Path) -> None:
        self.remote, self.work = folder / "remote.git", folder / "work"
        self.git("init", "--quiet", "--bare", "-b", "main", str(self.remote), at=folder)
        self.git("clone", "--quiet", str(self.remote), str(self.work), at=folder)
        self.git("checkout", "--quiet", "-b", "main")

    def git(self, *arguments: str, at: Path | None = None) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=at or self.work,
            env=os.environ | IDENTITY,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def write(self, path: str, text: str) -> None:
        target = self.work / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def commit(self, words: str) -> str:
        """All that was written; the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", words)
        return self.git("rev-parse", "HEAD").strip()

    def push(self, words: str) -> str:
        commit = self.commit(words)
        self.git("push", "--quiet", "origin", "main")
        return commit

    def revert(self) -> str:
        self.git("revert", "--no-edit", "HEAD")
        self.git("push", "--quiet", "origin", "main")
        return self.git("rev-parse", "HEAD").strip()
