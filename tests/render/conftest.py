"""Releases and environments as text, read as they always are."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from mlci.manifest.release import parse_release
from mlci.records.argo import Argo, read_argo
from mlci.records.release import Release
from mlci.render.bundle import release_objects

HERE = Path(__file__).parent
SCHEMAS = {
    "Rollout": "rollout",
    "AnalysisTemplate": "analysis-template",
    "Application": "application",
    "AppProject": "app-project",
}
IMAGE = "registry/mlci@sha256:" + "d" * 64
PATH = "releases/income/production.yaml"
CANARY = {"steps": [{"weight": 5, "bake": "2m"}, {"weight": 25, "bake": "5m"}]}
GATEWAY = {"gatewayApi": {"gateway": "public", "namespace": "gateways", "hostnames": ["m.example"]}}

Objects = dict[tuple[str, str], Any]


def manifest(**spec: Any) -> bytes:
    """A release, with parts of its spec said otherwise; None leaves one out."""
    said = {
        "version": "1.5.0",
        "task": "binary-classification",
        "model": {
            "uri": "s3://models/income-1.5.0.onnx",
            "digest": "sha256:" + "a" * 64,
            "format": "onnx",
        },
        "evaluation": "adult-2026",
        "serving": {"image": "registry/server@sha256:" + "c" * 64, "replicas": 4},
        "rollout": CANARY,
        **spec,
    }
    document = {
        "apiVersion": "mlci.dev/v1",
        "kind": "ModelRelease",
        "metadata": {"name": "income", "environment": "production"},
        "spec": {key: value for key, value in said.items() if value is not None},
    }
    return json.dumps(document, indent=1).encode()


def argo(**said: Any) -> Argo:
    made = read_argo({"argo": {"namespace": "models", "image": IMAGE, **said}})
    assert made is not None
    return made


def release(**spec: Any) -> Release:
    return parse_release(PATH, manifest(**spec))


def patched(*patches: dict[str, Any], **rest: Any) -> Release:
    serving = {"image": "registry/server@sha256:" + "c" * 64, "patches": list(patches), **rest}
    return release(serving=serving)


def objects(made: Release | None = None, **said: Any) -> Objects:
    """What a release is rendered to, by kind and name."""
    found = release_objects(made or release(), argo(**said))
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


def documents(content: bytes) -> list[Any]:
    return list(yaml.safe_load_all(content))


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """What tests make releases, environments and objects of."""
    return SimpleNamespace(
        argo=argo,
        documents=documents,
        gateway=GATEWAY,
        manifest=manifest,
        objects=objects,
        patched=patched,
        release=release,
    )


@pytest.fixture(scope="session")
def conforms() -> Callable[[Any], None]:
    """Checks an object against the schema of its custom resource definition, where there is one."""
    validators = {
        kind: Draft202012Validator(json.loads((HERE / f"schemas/{name}.json").read_text()))
        for kind, name in SCHEMAS.items()
    }

    def check(value: Any) -> None:
        if value["kind"] in validators:
            validators[value["kind"]].validate(value)

    return check
