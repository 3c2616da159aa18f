"""A repository whose releases Argo delivers on a plane: remote, Prometheus, agent, traffic."""

import http.client
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

import mlci.demo

CLONED = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "cloned.py")))
COUNTED = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "counted.py")))
RUNNING = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "running.py")))
ROOT = Path(__file__).parents[2]
DEMO = Path(mlci.demo.__file__).parent
GATEWAY = COUNTED.GATEWAY
IMAGE = "registry/mlci@sha256:" + "a" * 64
SERVER = "registry/server@sha256:" + "c" * 64
POLICY = """\
apiVersion: mlci.dev/v1
kind: GatePolicy
metadata: {name: production}
spec:
  appliesTo: {environments: [production], models: [income]}
  onInconclusive: refuse
  sources: ["./", "file:///"]
  gates: [{gate: accuracy, metric: accuracy, minimum: 0.75}]
  watch:
    harm: 1.1
    tolerated: 1.5
    errorBudget: 5%
    latency: [250ms, 500ms, 1000ms]
    latencyBudget: 10%
    minimumRequests: 100
    deadline: 5m
    keepWatching: 20s
"""


class Releasing(CLONED.Cloned, COUNTED.Counted):
    """``plane`` is entered by the caller; everything it starts is in the plane's network."""

    def __init__(self, plane: Any, folder: Path, namespace: str, port: int) -> None:
        super().__init__(folder)
        self.plane, self.folder, self.namespace = plane, folder, namespace
        self.agent_port, self.prometheus_port = port, port + 1
        self.log = folder / "agent.log"
        self.agent: subprocess.Popen[bytes] | None = None
        self.syncs = threading.Event()  # while it is clear nothing new is applied
        self.syncs.set()
        self.write("mlci.yaml", self._project())
        self.write("policies/production.yaml", POLICY)
        exam = "evaluations/adult-2026.yaml"
        self.write(exam, (DEMO / "templates" / exam).read_text())
        (self.work / "data").mkdir()
        shutil.copy(DEMO / "data/adult-test.parquet", self.work / "data")
        plane.images(**{IMAGE: [sys.executable, "-m", "mlci"]})
        plane.keep(folder, Path(sys.prefix), ROOT, DEMO)
        plane.kubectl("apply", "-f", "-", text=COUNTED.POD_MONITOR)

    def _project(self) -> str:
        argo = {
            "namespace": self.namespace,
            "agent": f"http://{GATEWAY}:{self.agent_port}",
            "repository": f"file://{self.remote}",
            "image": IMAGE,
            "prometheus": {
                "address": f"http://{GATEWAY}:{self.prometheus_port}",
                "source": "mlci",
                "every": "2s",
            },
        }
        spec = {
            "protectedRef": "origin/main",
            "environments": [{"name": "production", "engine": {"argo": argo}}],
        }
        return yaml.safe_dump({"apiVersion": "mlci.dev/v1", "kind": "Project", "spec": spec})

    def release(self, version: str, model: str = "", **more: Any) -> None:
        """Asks for a version on the protected branch, manifest and bundle in one commit."""
        self.prepare(version, model, **more)
        self.git("push", "--quiet", "origin", "main")

    def prepare(self, version: str, model: str = "", **more: Any) -> str:
        """The same, not pushed yet; the commit's id."""
        file = DEMO / f"models/income-{model or version}.onnx"
        serving = {
            "image": SERVER,
            "replicas": 2,
            "minReady": "1s",
            "startup": "60s",
            "command": [sys.executable],
            "args": [
                *("-m", "mlci", "serve", "$(MLCI_MODEL)", "--name", "$(MLCI_MODEL_NAME)"),
                *("--version", "$(MLCI_RELEASE)", "--host", "0.0.0.0", "--port", "$(MLCI_PORT)"),
            ],
            **more.pop("serving", {}),
        }
        spec = {
            "version": version,
            "task": "binary-classification",
            "model": {
                "uri": f"file://{file}",
                "digest": f"sha256:{sha256(file.read_bytes()).hexdigest()}",
                "format": "onnx",
            },
            "evaluation": "adult-2026",
            "serving": serving,
            "rollout": {"strategy": "canary", "steps": [{"weight": 50, "bake": "10s"}]},
            **more,
        }
        document = {
            "apiVersion": "mlci.dev/v1",
            "kind": "ModelRelease",
            "metadata": {"name": "income", "environment": "production"},
            "spec": spec,
        }
        self.write("releases/income/production.yaml", yaml.safe_dump(document))
        self.mlci("validate", "releases/income/production.yaml")
        self.mlci("render", "releases/income/production.yaml")
        return self.commit(f"Release {version}")

    def pull(self) -> None:
        self.git("pull", "--quiet", "--ff-only", "origin", "main")

    def mlci(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mlci", *arguments],
            cwd=self.work,
            env=os.environ | CLONED.IDENTITY | {"NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in codes, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def states(self) -> list[tuple[str, str]]:
        """Version and state of every record, oldest first."""
        self.git("fetch", "--quiet", "origin", "+mlci/records:refs/remotes/origin/mlci/records")
        folder = "deliveries/production/income"
        there = self.git("ls-tree", "-r", "--name-only", "origin/mlci/records", folder).split()
        shown = (self.git("show", f"origin/mlci/records:{path}") for path in there)
        return [(each["version"], each["state"]) for each in map(json.loads, shown)]

    def reached(self, version: str, state: str) -> bool:
        try:
            return (version, state) in self.states()
        except subprocess.CalledProcessError:
            return False

    def rollout(self) -> dict[str, Any]:
        said = self.plane.kubectl(
            "get", "rollouts", "income", "-n", self.namespace, "-o", "json", "--ignore-not-found"
        )
        return json.loads(said) if said else {}

    def digest(self) -> str:
        """Of the manifest that was asked for last."""
        content = (self.work / "releases/income/production.yaml").read_bytes()
        return f"sha256:{sha256(content).hexdigest()}"

    def step(self) -> int:
        return self.rollout().get("status", {}).get("currentStepIndex", 0)

    def paused_for(self, reason: str) -> bool:
        conditions = self.rollout().get("status", {}).get("pauseConditions") or []
        return any(each["reason"] == reason for each in conditions)

    def patch_status(self, status: dict[str, Any]) -> None:
        """As `kubectl argo rollouts` does; again until it isn't lost."""

        def patched() -> bool:
            patch = json.dumps({"status": status})
            what = ("patch", "rollout", "income", "-n", self.namespace, "--subresource=status")
            self.plane.kubectl(*what, "--type=merge", "-p", patch)
            time.sleep(1)
            return status.items() <= self.rollout()["status"].items()

        RUNNING.eventually(patched)

    def start_agent(self) -> None:
        clone = self.folder / "agent"
        if not clone.exists():
            self.git("clone", "--quiet", str(self.remote), str(clone), at=self.folder)
        argv = [sys.executable, "-m", "mlci", "agent", "--environment", "production"]
        argv += ["--repository", str(clone), "--poll", "1", "--host", GATEWAY]
        argv += ["--metrics-port", str(self.agent_port)]
        with self.log.open("ab") as log:
            self.agent = subprocess.Popen(
                argv,
                env=os.environ | CLONED.IDENTITY | {"KUBECONFIG": str(self.plane.kubeconfig)},
                stdout=log,
                stderr=log,
            )

    @contextmanager
    def syncing(self) -> Iterator[None]:
        """A stand-in for Argo CD: whatever is at the tip is applied, client-side."""
        ended = threading.Event()
        thread = threading.Thread(target=self._sync, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(30)

    def apply(self) -> None:
        """What is at the tip, once more; what is there no longer is pruned."""
        path = "deploy/production/income/bundle.yaml"
        there = self.git("ls-tree", "--name-only", "refs/heads/main", path, at=self.remote)
        if there:
            text = self.git("show", f"refs/heads/main:{path}", at=self.remote)
            self.plane.kubectl("apply", "-n", self.namespace, "-f", "-", text=text)
        else:
            kinds = "rollouts,analysistemplates,services,poddisruptionbudgets,networkpolicies"
            ours = ("-n", self.namespace, "-l", "mlci.dev/model=income")
            self.plane.kubectl("delete", kinds, *ours, "--wait=false")

    def admissions(self) -> dict[str, dict[str, Any]]:
        what = ("get", "configmaps", "-l", "mlci.dev/model=income", "-n", self.namespace)
        found = json.loads(self.plane.kubectl(*what, "-o", "json"))["items"]
        data = (text for each in found for text in each["data"].items())
        return {template: json.loads(text) for template, text in data}

    def _sync(self, ended: threading.Event) -> None:
        applied = ""
        with self.plane.inside():
            while not ended.wait(0.5):
                tip = self.git("rev-parse", "refs/heads/main", at=self.remote).strip()
                if tip != applied and self.syncs.is_set():
                    self.apply()
                    applied = tip

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Sync, Prometheus and agent."""
        with ExitStack() as stack:
            stack.enter_context(self.syncing())
            stack.enter_context(self.prometheus())
            RUNNING.eventually(self.rollout)
            self.start_agent()
            stack.callback(lambda: self.agent and self.stop_agent())
            yield

    @contextmanager
    def running(self, rate: float = 60.0) -> Iterator[Any]:
        """With traffic: what a release needs to get anywhere."""
        with self.followed(), self.traffic(rate) as counts:
            yield counts

    def stop_agent(self, number: int = signal.SIGTERM) -> int:
        assert self.agent is not None
        self.agent.send_signal(number)
        code = self.agent.wait(60)
        self.agent = None
        return code

    def analysis(self) -> dict[str, Any]:
        """What Argo is told of the manifest that was asked for last."""
        return self.answer(f"/analysis/production/income/{self.digest()}")

    def hold(self, on: bool) -> None:
        """The kill switch, at the protected branch."""
        project = yaml.safe_load((self.work / "mlci.yaml").read_text())
        project["spec"]["environments"][0]["hold"] = on
        self.write("mlci.yaml", yaml.safe_dump(project))
        self.push(f"hold: {on}")

    def answer(self, path: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection(GATEWAY, self.agent_port, timeout=10)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def told(self) -> str:
        return self.log.read_text() if self.log.exists() else ""
