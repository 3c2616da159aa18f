"""A model's traffic on a plane, and the Prometheus that counts it."""

import http.client
import json
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml
from kubernetes import client

import mlci.demo
from mlci.flow.demo.traffic import bodies

DEMO = Path(mlci.demo.__file__).parent
GATEWAY = "10.76.0.1"
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


class Counted:
    """Whoever has these; all that it starts is in the plane's network."""

    plane: Any
    folder: Path
    namespace: str
    prometheus_port: int
    counts: "subprocess.Popen[bytes]"

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
