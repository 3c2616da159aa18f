"""The demo's world: a bare remote, a developer's clone, the agent's clone, all in one folder.

Everything is done by the commands that a user would type; each is printed before it runs.
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlci.demo import PORT_TOKEN, assets, manifest
from mlci.errors import Broken

Say = Callable[[str], None]
MANIFEST = "releases/income/production.yaml"
_STOPPING = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(name: str = "Demo") -> dict[str, str]:
    """A user's own git settings (signing, hooks) stay out of the demo."""
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", name), ("EMAIL", "demo@localhost"))
    }
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}
    return {**os.environ, **who, **own}


@dataclass
class World:
    """``work`` is the developer's clone, ``agent`` the one that the agent looks through."""

    folder: Path
    port: int
    say: Say
    environment: Mapping[str, str] = field(default_factory=_environment)
    _agent: "subprocess.Popen[str] | None" = None
    _listener: threading.Thread | None = None

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def build(self) -> None:
        """The remote, the first commit (all documents and the first model), and both clones."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.run("git", "init", "--quiet", "--bare", "-b", "main", "remote.git", inside="")
        self.run("git", "clone", "--quiet", "remote.git", "work", inside="", quiet=True)
        self._copy("mlci.yaml", into="mlci.yaml", edit=(PORT_TOKEN, f"port: {self.port}"))
        for document in ("policies/production.yaml", "evaluations/adult-2026.yaml"):
            self._copy(document, into=document)
        self._write("data/adult-test.parquet", ("data", "adult-test.parquet"))
        self.declare("1.0.0")
        self.run("git", "checkout", "--quiet", "-b", "main", quiet=True)
        self.commit("Ask for income 1.0.0 in production")
        self.run("git", "push", "--quiet", "origin", "main")
        self.run("git", "clone", "--quiet", "remote.git", "agent", inside="")

    def declare(self, version: str) -> None:
        """The manifest and the model of one version, in the developer's work tree."""
        model = f"income-{version}.onnx"
        self._write(f"models/{model}", ("models", model))
        target = self.work / MANIFEST
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(manifest(version).read_bytes())

    def commit(self, message: str) -> None:
        self.run("git", "add", "--all", quiet=True)
        self.run("git", "commit", "--quiet", "-m", message)

    def run(
        self, *argv: str, inside: str = "work", expect: tuple[int, ...] = (0,), quiet: bool = False
    ) -> int:
        """Runs one command with its output in sight. Raises Broken on another exit code than
        expected: then the demo would tell something that isn't so."""
        if not quiet:
            self.say(f"$ {shlex.join(argv)}")
        real = [sys.executable, "-m", "mlci", *argv[1:]] if argv[0] == "mlci" else list(argv)
        ended = subprocess.run(
            real,
            cwd=self.folder / inside,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if ended.returncode not in expect:
            raise Broken(
                place=shlex.join(argv),
                found=f"exit code {ended.returncode}",
                expected=f"{' or '.join(map(str, expect))}",
                next_step=f"look into {self.folder} (--keep leaves it there)",
            )
        return ended.returncode

    def start_agent(self) -> None:
        argv = ["mlci", "agent", "--environment", "production", "--poll", "1"]
        self.say(f"$ {shlex.join(argv)} &")
        self._agent = subprocess.Popen(
            [sys.executable, "-m", *argv],
            cwd=self.folder / "agent",
            env=_environment("mlci agent"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def stop_agent(self) -> None:
        """SIGTERM, as a service manager would: servers and Envoy end in order, drained."""
        if self._agent is None:
            return
        self._agent.send_signal(signal.SIGTERM)
        try:
            self._agent.wait(_STOPPING)
        except subprocess.TimeoutExpired:
            self._agent.kill()
            self._agent.wait()
        self._agent = None

    def _listen(self) -> None:
        stream = self._agent.stderr if self._agent is not None else None
        for line in stream or ():
            self.say(f"    {line.rstrip()}")

    def _copy(self, document: str, *, into: str, edit: tuple[str, str] | None = None) -> None:
        text = assets().joinpath("templates", *document.split("/")).read_text(encoding="utf-8")
        target = self.work / into
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace(*edit) if edit else text, encoding="utf-8")

    def _write(self, into: str, asset: tuple[str, str]) -> None:
        target = self.work / into
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(assets().joinpath(*asset).read_bytes())
