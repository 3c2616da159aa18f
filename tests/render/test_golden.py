"""Whole bundles to read by eye. After a change that is meant: ``MLCI_GOLDEN=write pytest …``."""

import os
from pathlib import Path

import pytest

from mlci.manifest.project import parse_project
from mlci.render.bundle import bundle
from mlci.render.environment import settings

STEPS = [
    {"header": "x-tester=yes"},
    {"pause": "approval"},
    {"weight": 5, "bake": "2m"},
    {"weight": 50, "bake": "10m"},
]
SERVING = {
    "image": "registry/server@sha256:" + "c" * 64,
    "replicas": 4,
    "args": ["serve", "$(MLCI_MODEL)", "--port", "$(MLCI_PORT)"],
    "env": {"LOG": "info", "TOKEN": {"secret": "income", "key": "token"}},
    "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "2Gi", "nvidia.com/gpu": "1"}},
    "spread": [{"over": "topology.kubernetes.io/zone", "required": True}],
}
PROJECT = """\
apiVersion: mlci.dev/v1
kind: Project
spec:
  protectedRef: origin/main
  environments:
    - name: production
      engine:
        argo:
          namespace: models
          repository: "https://git.example.com/acme/models.git"
          image: "registry/mlci@sha256:%s"
          bundle: BUNDLE
""" % ("d" * 64)


def _canary(make):
    made = bundle(
        make.release(rollout={"steps": STEPS}, serving=SERVING), make.argo(routing=make.gateway)
    )
    return made["deploy/production/income/bundle.yaml"]


def _blue_green(make):
    made = bundle(make.release(rollout={"strategy": "blueGreen", "approval": True}), make.argo())
    return made["deploy/production/income/bundle.yaml"]


def _environment(_make):
    project = parse_project("mlci.yaml", PROJECT.replace("BUNDLE", "plain").encode())
    return b"".join(settings(project, project.environments[0], ["income"]).values())


@pytest.mark.parametrize(
    ("name", "made"),
    [("canary", _canary), ("blue-green", _blue_green), ("environment", _environment)],
)
def test_it_is_rendered_as_it_was(name, made, make):
    file = Path(__file__).parent / "golden" / f"{name}.yaml"
    if os.environ.get("MLCI_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(made(make))
    assert made(make) == file.read_bytes()
