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
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import yaml
from kubernetes import client

import mlci.demo
from mlci.flow.demo.traffic import bodies

RUNNING = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "running.py")))
ROOT = Path(__file__).parents[2]
DEMO = Path(mlci.demo.__file__).parent
GATEWAY = "10.76.0.1"
IMAGE = "registry/mlci@sha256:" + "a" * 64
SERVER = "registry/server@sha256:" + "c" * 64
IDENTITY = {
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.org",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
}
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
# The plane has no operator of Prometheus: its kind is known, and nobody reads it.
POD_MONITOR = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: podmonitors.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: {kind: PodMonitor, plural: podmonitors, singular: podmonitor}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


class Releasing:
    """``plane`` is entered by the caller; everything it starts is in the plane's network."""

    def __init__(self, plane: Any, folder: Path, namespace: str, port: int) -> None:
        self.plane, self.folder, self.namespace = plane, folder, namespace
        self.agent_port, self.prometheus_port = port, port + 1
        self.remote, self.work = folder / "remote.git", folder / "work"
        self.log = folder / "agent.log"
        self.agent: subprocess.Popen[bytes] | None = None
        self.git("init", "--quiet", "--bare", "-b", "main", str(self.remote), at=folder)
        self.git("clone", "--quiet", str(self.remote), str(self.work), at=folder)
        self.git("checkout", "--quiet", "-b", "main")
        self.write("mlci.yaml", self._project())
        self.write("policies/production.yaml", POLICY)
        exam = "evaluations/adult-2026.yaml"
        self.write(exam, (DEMO / "templates" / exam).read_text())
        (self.work / "data").mkdir()
        shutil.copy(DEMO / "data/adult-test.parquet", self.work / "data")
        plane.images(**{IMAGE: [sys.executable, "-m", "mlci"]})
        plane.keep(folder, Path(sys.prefix), ROOT, DEMO)
        plane.kubectl("apply", "-f", "-", text=POD_MONITOR)

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

    def write(self, path: str, text: str) -> None:
        target = self.work / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def release(self, version: str, model: str = "", **more: Any) -> None:
        """Asks for a version on the protected branch, manifest and bundle in one commit."""
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
        self.mlci("validate")
        self.mlci("render")
        self.push(f"Release {version}")

    def push(self, words: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", words)
        self.git("push", "--quiet", "origin", "main")
        return self.git("rev-parse", "HEAD").strip()

    def pull(self) -> None:
        self.git("pull", "--quiet", "--ff-only", "origin", "main")

    def mlci(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mlci", *arguments],
            cwd=self.work,
            env=os.environ | IDENTITY | {"NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in codes, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def git(self, *arguments: str, at: Path | None = None) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=at or self.work,
            env=os.environ | IDENTITY,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

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
                env=os.environ | IDENTITY | {"KUBECONFIG": str(self.plane.kubeconfig)},
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
        """What is at the tip, once more."""
        path = "deploy/production/income/bundle.yaml"
        text = self.git("show", f"refs/heads/main:{path}", at=self.remote)
        self.plane.kubectl("apply", "-n", self.namespace, "-f", "-", text=text)

    def admissions(self) -> dict[str, dict[str, Any]]:
        what = ("get", "configmap", "income-admissions", "-n", self.namespace, "-o", "json")
        data = json.loads(self.plane.kubectl(*what))["data"]
        return {template: json.loads(text) for template, text in data.items()}

    def _sync(self, ended: threading.Event) -> None:
        applied = ""
        with self.plane.inside():
            while not ended.wait(0.5):
                tip = self.git("rev-parse", "refs/heads/main", at=self.remote).strip()
                if tip != applied:
                    self.apply()
                    applied = tip

    @contextmanager
    def running(self, rate: float = 60.0) -> Iterator["Counter[tuple[str, int]]"]:
        """Sync, Prometheus, agent and traffic: what a release needs to get anywhere."""
        with ExitStack() as stack:
            stack.enter_context(self.syncing())
            stack.enter_context(self.prometheus())
            RUNNING.eventually(self.rollout)
            self.start_agent()
            stack.callback(lambda: self.agent and self.stop_agent())
            yield stack.enter_context(self.traffic(rate))

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

    @contextmanager
    def prometheus(self) -> Iterator[None]:
        """Debian's. It is built without discovery in Kubernetes: a thread here tells it the pods,
        with the labels that a PodMonitor's rendering gives them."""
        config, targets = self.folder / "prometheus.yml", self.folder / "targets.json"
        found = {"files": [str(targets)], "refresh_interval": "1s"}
        jobs = [{"job_name": "pods", "file_sd_configs": [found]}]
        config.write_text(
            yaml.safe_dump({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs})
        )
        program = shutil.which("prometheus")
        assert program is not None
        argv = [program, f"--config.file={config}", f"--storage.tsdb.path={self.folder / 'tsdb'}"]
        argv += [f"--web.listen-address={GATEWAY}:{self.prometheus_port}", "--log.level=error"]
        ended = threading.Event()
        telling = threading.Thread(target=self._tell, args=(targets, ended), daemon=True)
        telling.start()
        with (self.folder / "prometheus.log").open("ab") as log:
            self.counts = subprocess.Popen(argv, stdout=log, stderr=log)
        try:
            yield
        finally:
            self.counts.kill()
            self.counts.wait(30)
            ended.set()
            telling.join(10)

    def _tell(self, targets: Path, ended: threading.Event) -> None:
        with self.plane.inside():
            api = client.CoreV1Api(self.plane.api())
            while not ended.wait(0.5):
                pods = api.list_namespaced_pod(self.namespace, label_selector="mlci.dev/model")
                told = json.dumps([_target(pod) for pod in pods.items if pod.status.pod_ip])
                if not targets.exists() or targets.read_text() != told:
                    beside = targets.with_suffix(".new")
                    beside.write_text(told)
                    beside.rename(targets)

    @contextmanager
    def traffic(self, rate: float = 60.0) -> Iterator["Counter[tuple[str, int]]"]:
        """Real rows at the model's Service, each on a connection of its own; counted by (version
        that answered, status; 0 for none)."""
        rows = pq.read_table(DEMO / "data/adult-live.parquet").to_pylist()
        asked = bodies(rows)
        service = json.loads(
            self.plane.kubectl("get", "service", "income", "-n", self.namespace, "-o", "json")
        )
        address = service["spec"]["clusterIP"]
        counts: Counter[tuple[str, int]] = Counter()
        ended = threading.Event()
        lock = threading.Lock()
        lanes = 4

        def drive(lane: int) -> None:
            with self.plane.inside():
                began, number = time.monotonic(), lane
                while not ended.wait(max(0.0, began + number / rate - time.monotonic())):
                    answer = _asked(address, asked[number % len(asked)])
                    with lock:
                        counts[answer] += 1
                    number += lanes

        threads = [
            threading.Thread(target=drive, args=(lane,), daemon=True) for lane in range(lanes)
        ]
        for thread in threads:
            thread.start()
        try:
            yield counts
        finally:
            ended.set()
            for thread in threads:
                thread.join(10)


def _target(pod: Any) -> dict[str, Any]:
    port = next(
        each.container_port
        for container in pod.spec.containers
        for each in container.ports
        if each.name == "v2"
    )
    labels = {
        "namespace": pod.metadata.namespace,
        "rollouts_pod_template_hash": pod.metadata.labels.get("rollouts-pod-template-hash", ""),
    }
    return {"targets": [f"{pod.status.pod_ip}:{port}"], "labels": labels}


def _asked(address: str, body: bytes) -> tuple[str, int]:
    connection = http.client.HTTPConnection(address, 80, timeout=5)
    try:
        connection.request("POST", "/v2/models/income/infer", body)
        answer = connection.getresponse()
        answer.read()
        return answer.headers.get("Mlci-Release", ""), answer.status
    except (OSError, http.client.HTTPException):
        return "", 0
    finally:
        connection.close()
