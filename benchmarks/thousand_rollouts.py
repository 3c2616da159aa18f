"""Claim: one agent follows a thousand Rollouts, and takes a bad release back in seconds.

A real API server (tests/plane) holds the Rollouts and a bare repository what they were made from;
Argo Rollouts' controller is stopped, so that what is seen is the agent's own work, and this script
writes the statuses that the controller would. The peer is a watch by the Kubernetes project's own
client for Python, a process that decodes the same Rollouts and does nothing else. Seconds of CPU
are user and system time of whole processes, git's included.
"""

import argparse
import os
import runpy
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import psutil
from _fleet import ENVIRONMENT, NAMESPACE, WHO, Fleet, fleet, git, rollouts, set_status
from report import report

from mlci.delivery.argo.admissions import admissions
from mlci.delivery.argo.cluster import Cluster, connect
from mlci.records.answer import Answer

PLANE = Path(__file__).parents[1] / "tests/plane"
A_SECOND = 20  # changes, while there is a stream of them
PATIENCE = 600.0  # seconds
BARE_WATCH = """\
import sys
from kubernetes import client, config, watch
config.load_kube_config()
api = client.CustomObjectsApi()
where = ("argoproj.io", "v1alpha1", sys.argv[1], "rollouts")
version = api.list_namespaced_custom_object(*where)["metadata"]["resourceVersion"]
print("listed", flush=True)
for event in watch.Watch().stream(
    api.list_namespaced_custom_object, *where, resource_version=version
):
    status = event["object"].get("status", {})
    if status.get("abort"):
        print(event["object"]["metadata"]["name"], flush=True)
"""


@contextmanager
def process(argv: list[str], log: Path, **more: str) -> Iterator["subprocess.Popen[str]"]:
    with log.open("w", encoding="utf-8") as errors:
        started = subprocess.Popen(
            argv,
            env=os.environ | WHO | more,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        yield started
    finally:
        started.terminate()
        started.wait(60)


@contextmanager
def prometheus(folder: Path, port: int) -> Iterator[None]:
    """The agent's clock; it counts nothing."""
    (folder / "prometheus.yml").write_text("{}", encoding="utf-8")
    argv = ["prometheus", f"--config.file={folder}/prometheus.yml"]
    argv += [f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}"]
    with process(argv, folder / "prometheus.log"):
        yield


@contextmanager
def agent(folder: Path, made: Fleet, kubeconfig: Path) -> Iterator["subprocess.Popen[str]"]:
    git(folder, "clone", "--quiet", str(made.remote), "agent")
    mlci = str(Path(sysconfig.get_path("scripts")) / "mlci")
    argv = [mlci, "agent", "--environment", ENVIRONMENT, "--repository", str(folder / "agent")]
    argv += ["--quiet"]
    with process(argv, folder / "agent.log", KUBECONFIG=str(kubeconfig)) as started:
        yield started


class Spent:
    """CPU seconds of a process and of what it has started, since this was made."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._began, self._cpu = time.monotonic(), self._sum()

    def _sum(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system + times.children_user + times.children_system

    @property
    def cpu(self) -> float:
        return self._sum() - self._cpu

    @property
    def share(self) -> float:
        """Of one processor."""
        return self.cpu / (time.monotonic() - self._began)


def peak(pid: int) -> float:
    """MB that the process itself held at most."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    [line] = [each for each in text.splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / 1e6


def wait(ask: Callable[[], Any], every: float = 0.005) -> float:
    """The moment at which it came true."""
    deadline = time.monotonic() + PATIENCE
    while not ask():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {PATIENCE:.0f} s")
        time.sleep(every)
    return time.monotonic()


def noticed(cluster: Cluster) -> int:
    """ConfigMaps of the namespace, counted by the API server."""
    page = cluster.get(cluster.configmaps, limit="1")
    return len(page["items"]) + int(page["metadata"].get("remainingItemCount") or 0)


def harmed(cluster: Cluster, model: str) -> bool:
    return any(each.outcome is Answer.REGRESSED for each in admissions(cluster, model).values())


def stream(cluster: Cluster, models: tuple[str, ...], seconds: float) -> int:
    """Touches one Rollout after the other; how many."""
    began, count = time.monotonic(), 0
    while (now := time.monotonic()) < began + seconds:
        path = f"{cluster.rollouts}/{models[count % len(models)]}"
        cluster.patch(path, {"metadata": {"annotations": {"touched": str(count)}}})
        count += 1
        time.sleep(max(0.0, began + count / A_SECOND - now))
    return count


def measure(
    folder: Path, plane: Any, count: int, moving: int, seconds: float
) -> list[dict[str, Any]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    cluster = connect(NAMESPACE, plane.kubeconfig)
    before = noticed(cluster)
    made = fleet(folder, count, moving, prometheus=f"http://127.0.0.1:{port}")
    plane.part("rollouts-controller").send_signal(signal.SIGSTOP)
    rollouts(made, cluster)
    watch = [sys.executable, "-c", BARE_WATCH, NAMESPACE]
    with ExitStack() as stack:
        stack.enter_context(prometheus(folder, port))
        bare = stack.enter_context(
            process(watch, folder / "watch.log", KUBECONFIG=str(plane.kubeconfig))
        )
        assert bare.stdout is not None
        bare.stdout.readline()
        began = time.monotonic()
        ours = stack.enter_context(agent(folder, made, plane.kubeconfig))
        start = Spent(ours.pid)
        ready = wait(lambda: noticed(cluster) - before >= count, 0.1) - began
        started = start.cpu
        time.sleep(seconds / 2)
        resting = [Spent(each.pid) for each in (ours, bare)]
        time.sleep(seconds)
        rest = [each.share for each in resting]
        streaming = [Spent(each.pid) for each in (ours, bare)]
        touched = stream(cluster, made.models[moving:], seconds)
        changes = [each.cpu / touched for each in streaming]
        lags = [lag(cluster, made, model, bare.stdout) for model in made.moving]
        memory = [peak(each.pid) for each in (ours, bare)]
    seen, written, pushed = (1e3 * statistics.median(each) for each in zip(*lags, strict=True))
    common = [
        {"at rest, % of a core": 100 * at_rest, "CPU ms a change": 1e3 * change, "MB (peak)": most}
        for at_rest, change, most in zip(rest, changes, memory, strict=True)
    ]
    return [
        {
            "who": "mlci agent",
            "Rollouts": count,
            "ready s": ready,
            "ready CPU s": started,
            **common[0],
            "abort to act ms": written,
            "abort to push ms": pushed,
        },
        {"who": "bare watch", "Rollouts": count, **common[1], "abort to seen ms": seen},
    ]


def lag(cluster: Cluster, made: Fleet, model: str, watch: IO[str]) -> tuple[float, float, float]:
    """Seconds from an abort until the bare watch has seen it, until the agent has written down in
    the cluster that its pods may not start again, and until Git asks for what ran before."""
    tip, began = made.tip(), time.monotonic()
    abort(cluster, model)
    watch.readline()
    seen = time.monotonic() - began
    written = wait(lambda: harmed(cluster, model)) - began
    return seen, written, wait(lambda: made.tip() != tip, 0.02) - began


def abort(cluster: Cluster, model: str) -> None:
    message = (
        'RolloutAborted: metric "verdict" assessed Failed due to failed (1) > failureLimit (0)'
    )
    set_status(
        cluster,
        model,
        abort=True,
        abortedAt="2026-01-01T00:00:00Z",
        phase="Degraded",
        message=message,
        currentStepIndex=0,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="few Rollouts, a moment each")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    arguments = parser.parse_args()
    count, moving, seconds = (30, 2, 2.0) if arguments.smoke else (1000, 9, 20.0)
    build = SimpleNamespace(**runpy.run_path(str(PLANE / "build.py")))
    lacking = build.lacking()
    if not lacking and shutil.which("prometheus") is None:
        lacking = "no prometheus on the PATH: Debian has it as the package prometheus"
    if lacking:
        print(f"not measured: {lacking}")
        return
    running = SimpleNamespace(**runpy.run_path(str(PLANE / "running.py")))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            running.started(build.built(), folder / "plane", "--pods", "report") as plane,
            plane.inside(),
        ):
            rows = measure(folder, plane, count, moving, seconds)
    report("One agent and its Rollouts", rows, output=arguments.output)


if __name__ == "__main__":
    main()
