"""A repository and a cluster with many models, some of them in the middle of a canary."""

import json
import os
import subprocess
import sysconfig
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import mlci.demo
from mlci.delivery.argo.cluster import Cluster
from mlci.gitops.deliveries import delivery_id
from mlci.gitops.records_branch import RecordsBranch, Write, keep
from mlci.gitops.repository import Repository
from mlci.records.delivery import Blob, DeliveryRecord, State, delivery_path, to_json_bytes
from mlci.records.digest import digest_of
from mlci.records.release import bundle_path, release_path

ENVIRONMENT = "production"
NAMESPACE = "default"
DIGEST = "sha256:" + "d" * 64
WHO = {
    f"GIT_{role}_{what}": "benchmark@localhost"
    for role in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}
EXAM = "evaluations/adult-2026.yaml"
POLICY = """\
apiVersion: mlci.dev/v1
kind: GatePolicy
metadata: {name: production}
spec:
  appliesTo: {environments: [production]}
  sources: ["s3://models/", "./"]
  gates: [{gate: accuracy, metric: accuracy, minimum: 0.75}]
  watch: {keepWatching: 1s, deadline: 1h}
"""


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """``models`` have 1.0.0 HEALTHY; of those in ``moving`` 2.0.0 is asked for and ADMITTED."""

    remote: Path
    work: Path
    models: tuple[str, ...]
    moving: tuple[str, ...]

    def tip(self) -> str:
        return git(self.remote, "rev-parse", "refs/heads/main")


def git(folder: Path, *arguments: str) -> str:
    ended = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | WHO, capture_output=True, check=True
    )
    return ended.stdout.decode().strip()


def fleet(folder: Path, count: int, moving: int, *, prometheus: str) -> Fleet:
    """In Git: manifests, their bundles, and the records of their deliveries."""
    git(folder, "init", "--quiet", "--bare", "-b", "main", "remote.git")
    git(folder, "clone", "--quiet", "remote.git", "work")
    made = Fleet(
        remote=folder / "remote.git",
        work=folder / "work",
        models=tuple(f"model-{number:04}" for number in range(count)),
        moving=tuple(f"model-{number:04}" for number in range(moving)),
    )
    git(made.work, "checkout", "--quiet", "-b", "main")
    engine = {
        "namespace": NAMESPACE,
        "agent": "http://127.0.0.1:1",
        "repository": f"file://{made.remote}",
        "image": f"registry/mlci@{DIGEST}",
        "prometheus": {"address": prometheus, "source": "mlci", "every": "5s"},
    }
    spec = {
        "protectedRef": "origin/main",
        "environments": [{"name": ENVIRONMENT, "engine": {"argo": engine}}],
    }
    _write(made.work / "mlci.yaml", _document("Project", spec))
    _write(made.work / "policies/production.yaml", POLICY)
    demo = Path(mlci.demo.__file__).parent
    _write(made.work / EXAM, (demo / "templates" / EXAM).read_text(encoding="utf-8"))
    healthy = _records(made, _asked(made, made.models, "1.0.0"), made.models, State.HEALTHY)
    admitted = _records(
        made, _asked(made, made.moving, "2.0.0"), made.moving, State.ADMITTED, before=healthy
    )
    written = [*healthy.values(), *admitted.values()]
    RecordsBranch(Repository.open(made.work)).append(lambda _: _writes(written), "as it stands")
    return made


def rollouts(fleet: Fleet, cluster: Cluster) -> None:
    """In the cluster: a Rollout a model, with the status that Argo Rollouts would give it."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda model: _rollout(fleet, cluster, model), fleet.models))


def set_status(cluster: Cluster, model: str, **status: Any) -> None:
    cluster.patch(f"{cluster.rollouts}/{model}/status", {"status": status})


def _rollout(fleet: Fleet, cluster: Cluster, model: str) -> None:
    bundle = fleet.work / bundle_path(model, ENVIRONMENT) / "bundle.yaml"
    objects = yaml.load_all(bundle.read_bytes(), yaml.CSafeLoader)
    [document] = [each for each in objects if each["kind"] == "Rollout"]
    document["metadata"]["annotations"] = {"rollout.argoproj.io/revision": "2"}
    made = cluster.create(cluster.rollouts, document)
    moving = model in fleet.moving
    set_status(
        cluster,
        model,
        observedGeneration=str(made["metadata"]["generation"]),
        phase="Progressing" if moving else "Healthy",
        message="more replicas need to be updated" if moving else "",
        currentPodHash="6c8d4f9b7d" if moving else "5b7c9f8d66",
        stableRS="5b7c9f8d66",
        currentStepIndex=1 if moving else len(document["spec"]["strategy"]["canary"]["steps"]),
    )


def _asked(fleet: Fleet, models: Iterable[str], version: str) -> str:
    """The commit that asks for that version of these models."""
    for model in models:
        spec = {
            "version": version,
            "task": "binary-classification",
            "model": {
                "uri": f"s3://models/{model}-{version}.onnx",
                "digest": digest_of(f"{model} {version}".encode()),
                "format": "onnx",
            },
            "evaluation": "adult-2026",
            "serving": {"image": f"registry/server@{DIGEST}", "replicas": 2},
            "rollout": {"strategy": "canary", "steps": [{"weight": 10, "bake": "10m"}]},
        }
        path = release_path(model, ENVIRONMENT)
        _write(fleet.work / path, _document("ModelRelease", spec, model))
    script = str(Path(sysconfig.get_path("scripts")) / "mlci")
    subprocess.run([script, "render", "--quiet"], cwd=fleet.work, check=True, capture_output=True)
    git(fleet.work, "add", "--all")
    git(fleet.work, "commit", "--quiet", "-m", f"Release {version}")
    git(fleet.work, "push", "--quiet", "origin", "main")
    return git(fleet.work, "rev-parse", "HEAD")


def _records(
    fleet: Fleet,
    commit: str,
    models: Iterable[str],
    state: State,
    before: dict[str, DeliveryRecord] | None = None,
) -> dict[str, DeliveryRecord]:
    own: dict[str, list[Blob]] = {}
    for blob in Repository.open(fleet.work).entries(commit, "releases/", "deploy/"):
        parts = blob.path.split("/")
        own.setdefault(parts[1] if parts[0] == "releases" else parts[2], []).append(blob)
    made = {}
    for model in models:
        manifest = (fleet.work / release_path(model, ENVIRONMENT)).read_bytes()
        digest = digest_of(manifest)
        spec = yaml.load(manifest, yaml.CSafeLoader)["spec"]
        former = (before or {}).get(model)
        previous = former.delivery if former else ""
        made[model] = DeliveryRecord(
            seq=former.seq + 1 if former else 1,
            delivery=delivery_id(ENVIRONMENT, model, digest, previous),
            state=state,
            environment=ENVIRONMENT,
            model=model,
            version=spec["version"],
            manifest_digest=digest,
            model_digest=spec["model"]["digest"],
            commit=commit,
            reason="it was so",
            time="2026-01-01T00:00:00Z",
            by="benchmark",
            previous=previous,
            paths=tuple(sorted(own[model], key=lambda blob: blob.path)),
        )
    return made


def _writes(records: Iterable[DeliveryRecord]) -> list[Write]:
    return [
        write
        for each in records
        for write in (
            Write(
                path=delivery_path(each.environment, each.model, each.seq),
                content=to_json_bytes(each),
            ),
            *map(keep, each.paths),
        )
    ]


def _document(kind: str, spec: dict[str, Any], name: str = "") -> str:
    document = {"apiVersion": "mlci.dev/v1", "kind": kind, "spec": spec}
    if name:
        document["metadata"] = {"name": name, "environment": ENVIRONMENT}
    return json.dumps(document, indent=1)  # JSON is YAML


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
