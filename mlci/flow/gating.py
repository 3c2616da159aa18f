"""The agent's own gate run: `mlci gate --record` in a process of its own; watching goes on.

The lock on the run's folder is inherited by the child: a new agent sees that the old one's gate
still runs, and waits for its verdict instead of measuring on a busy machine.
"""

import fcntl
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

_RETRY_AFTER = 300.0


@dataclass
class GateRun:
    """At most one gate run of one model and environment on this machine."""

    repository: Path
    folder: Path
    _child: subprocess.Popen[bytes] | None = None
    _of: str = ""
    _interrupted: bool = False
    _failed: dict[str, tuple[float, str]] = field(default_factory=dict)

    def start(self, path: str, commit: str, digest: str) -> bool:
        """Starts the gate of ``path`` at ``commit``; False when one runs or has just failed."""
        if self._child is not None or self.failure(digest):
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._verdict.unlink(missing_ok=True)
        argv = [sys.executable, "-m", "mlci", "gate", path, "--at", commit, "--base", commit]
        argv += ["--record", "--out", str(self.folder), "--repository", str(self.repository)]
        with (self.folder / "gate.log").open("wb") as log:
            self._child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[lock]
            )
        os.close(lock)
        self._of, self._interrupted = digest, False
        return True

    def settle(self) -> bool:
        """Notes a run that has ended; its verdict, if it came to one, is on the records branch.

        True for a run that has ended since the last call.
        """
        if self._child is None or self._child.poll() is None:
            return False
        code = self._child.returncode
        self._child = None
        decided = code in (0, 1, 3) and self._verdict.exists()
        if not decided and not self._interrupted:
            lines = (self.folder / "gate.log").read_text(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else f"exit code {code}"
            self._failed[self._of] = (time.monotonic(), reason)
        return True

    @property
    def running(self) -> bool:
        return self._child is not None

    @property
    def _verdict(self) -> Path:
        return self.folder / "verdict.json"

    def failed_before(self, digest: str) -> bool:
        """Whether an earlier run of this manifest gave no verdict."""
        return digest in self._failed

    def failure(self, digest: str) -> str:
        """Why the last run of this manifest gave no verdict; empty once it may be tried again."""
        when, reason = self._failed.get(digest, (0.0, ""))
        return reason if reason and time.monotonic() - when < _RETRY_AFTER else ""

    def interrupt(self) -> None:
        """Asks a run to end without a verdict; it may be started again once it has ended."""
        if self._child is not None and not self._interrupted:
            self._interrupted = True
            self._child.terminate()

    def stop(self) -> None:
        """Ends a run without a verdict, as at the agent's own end."""
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._child = None
