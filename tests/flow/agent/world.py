"""A bare remote, a person's clone, the agent's clone, and agents as processes of their own."""

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as parquet

from mlci.gitops.records_branch import RecordsBranch
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord

ROOT = Path(__file__).parents[3]
MANIFEST = "releases/income/production.yaml"
BUNDLE = "deploy/production/income/service.yaml"
POLICY = "policies/production.yaml"
EXAM = "evaluations/exam.yaml"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def digest(file: Path) -> str:
    return "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()


@dataclass
class World:
    """Everything lies in ``folder``; without ``remote`` there is one repository, the person's."""

    folder: Path
    port: int
    remote: bool = True
    agents: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    @property
    def clone(self) -> Path:
        """The clone that agents look through."""
        return self.folder / "agent" if self.remote else self.work

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def log(self) -> str:
        return "".join(each.read_text() for each in sorted(self.folder.glob("agent-*.log")))

    def git(self, *arguments: str, inside: Path | None = None) -> str:
        done = subprocess.run(
            ["git", "-C", str(inside or self.work), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def build(self, *, hold: bool = False, **watch: object) -> None:
        """The first commit has documents and exam, and no release yet."""
        self.work.mkdir()
        self.git("init", "--quiet", "-b", "main")
        self.declare(hold=hold)
        self.policy(**watch)
        rows = [float(age) for age in range(20, 60)] * 5
        table = pa.table(
            {"age": rows, "hours": [40.0] * len(rows), "label": [int(age >= 40) for age in rows]}
        )
        data = self.work / "data" / "exam.parquet"
        data.parent.mkdir()
        parquet.write_table(table, data)
        self.write(
            EXAM,
            "apiVersion: mlci.dev/v1\nkind: EvaluationSet\nmetadata: {name: exam}\n"
            f'spec: {{uri: data/exam.parquet, digest: "{digest(data)}", label: label, positive: 1}}'
            "\n",
        )
        self.commit("Rules")
        if self.remote:
            self.git(
                "init", "--quiet", "--bare", "-b", "main", str(self.origin), inside=self.folder
            )
            self.git("remote", "add", "origin", f"file://{self.origin}")
            self.push()
            self.git(
                "clone", "--quiet", f"file://{self.origin}", str(self.clone), inside=self.folder
            )

    def declare(self, *, hold: bool = False, freeze: object = None) -> None:
        ref = "origin/main" if self.remote else "main"
        self.write(
            "mlci.yaml",
            f"apiVersion: mlci.dev/v1\nkind: Project\nspec:\n  protectedRef: {ref}\n"
            "  environments:\n"
            f"    - {{name: production, hold: {str(hold).lower()}, "
            f"{f'freeze: {json.dumps(freeze)}, ' if freeze else ''}"
            f"engine: {{local: {{port: {self.port}}}}}}}\n",
        )

    def policy(self, **watch: object) -> None:
        words = {
            "errorBudget": "5%",
            "latency": ["500ms", "1s"],
            "latencyBudget": "5%",
            "minimumRequests": 60,
            "deadline": "2m",
            "keepWatching": "1s",
            **watch,
        }
        self.write(
            POLICY,
            "apiVersion: mlci.dev/v1\nkind: GatePolicy\nmetadata: {name: production}\n"
            "spec:\n  appliesTo: {environments: [production]}\n"
            "  gates: [{gate: accuracy, metric: accuracy, minimum: 0.8}]\n"
            f"  watch: {json.dumps(words)}\n",
        )

    def write(self, path: str, text: str) -> Path:
        file = self.work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def release(
        self,
        version: str,
        model: Path,
        *,
        replicas: int = 1,
        steps: str = "[{weight: 50, bake: 500ms}]",
        inputs: str = "",
        rollout: str = "",
        serving: str = "",
    ) -> str:
        """Merges a release: manifest, model and bundle in one commit. The manifest's digest."""
        rollout = rollout or f"{{strategy: canary, steps: {steps}}}"
        uri = f"models/{model.name}"
        target = self.work / uri
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(model.read_bytes())
        more = f", inputs: {inputs}" if inputs else ""
        manifest = self.write(
            MANIFEST,
            "apiVersion: mlci.dev/v1\nkind: ModelRelease\n"
            "metadata: {name: income, environment: production}\n"
            f'spec:\n  version: "{version}"\n  task: binary-classification\n'
            f'  model: {{uri: {uri}, digest: "{digest(model)}", format: onnx{more}}}\n'
            f"  evaluation: exam\n  serving: {{replicas: {replicas}{serving}}}\n"
            f"  rollout: {rollout}\n",
        )
        self.write(BUNDLE, f"version: {version}\n")
        self.merge(f"Release {version}")
        return digest(manifest)

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push(self) -> None:
        if self.remote:
            self.git("push", "--quiet", "origin", "HEAD:main")

    def merge(self, message: str) -> str:
        commit = self.commit(message)
        self.push()
        return commit

    @contextlib.contextmanager
    def refusing(self, ref: str) -> Iterator[None]:
        """The remote takes no push to ``ref`` meanwhile."""
        hook = self.origin / "hooks" / "update"
        hook.write_text(f'#!/bin/sh\n[ "$1" != {ref} ] || {{ echo protected >&2; exit 1; }}\n')
        hook.chmod(0o755)
        yield
        hook.unlink()

    def pull(self) -> None:
        self.git("pull", "--quiet", "--ff-only", "origin", "main")

    def tip(self) -> str:
        return self.git("rev-parse", "main", inside=self.origin if self.remote else self.work)

    def mlci(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A person's command, in the person's clone."""
        return subprocess.run(
            [sys.executable, "-m", "mlci", *arguments],
            cwd=self.work,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def agent(
        self,
        *arguments: str,
        state: Path | None = None,
        inside: Path | None = None,
        variables: dict[str, str] | None = None,
    ) -> "subprocess.Popen[bytes]":
        number = len(self.agents)
        argv = ["agent", "--environment", "production", "--state", str(state or self.state)]
        argv += ["--poll", "0.4", "--interval", "0.25", *arguments]
        with (self.folder / f"agent-{number}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "mlci", *argv],
                cwd=inside or self.clone,
                env=environment() | (variables or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.agents.append(process)
        return process

    def until_ended(self, agent: "subprocess.Popen[bytes]") -> int:
        return agent.wait(150)

    def manifest(self) -> str:
        """The manifest at the protected branch's tip."""
        return self.git("show", f"main:{MANIFEST}", inside=self.origin if self.remote else None)

    def servers(self) -> list[psutil.Process]:
        return [each for each in self.processes() if "serve" in (each.info["cmdline"] or ())]

    def records(self) -> tuple[DeliveryRecord, ...]:
        place = self.origin if self.remote else self.work
        repository = Repository.open(place)
        tip = repository.reference("refs/heads/mlci/records")
        if tip is None:
            return ()
        snapshot = RecordsBranch(repository).fetch()
        return snapshot.deliveries("production", "income")

    def states(self) -> list[str]:
        return [f"{each.state} {each.version}" for each in self.records()]

    def processes(self) -> list[psutil.Process]:
        """Supervisor, Envoy and servers of this world's agents."""
        found = []
        for each in psutil.process_iter(["cwd", "status", "cmdline"]):
            cwd = each.info["cwd"] or ""
            inside = cwd.startswith(f"{self.folder.resolve()}/") and "state" in cwd
            if inside and each.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(each)
        return found

    def end(self) -> None:
        """Whatever still runs, at once: an orderly end has a test of its own."""
        for agent in self.agents:
            if agent.poll() is None:
                gates = []
                with contextlib.suppress(psutil.NoSuchProcess):
                    gates = psutil.Process(agent.pid).children(recursive=True)
                agent.kill()
                agent.wait()
                kill(gates)
        self.switch_off()

    def switch_off(self) -> None:
        """Supervisor, Envoy and servers at once, as when a machine loses its power."""
        while left := self.processes():
            kill(left)


def kill(processes: list[psutil.Process]) -> None:
    """At once, whichever of them have ended by themselves."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=5)


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
    }
