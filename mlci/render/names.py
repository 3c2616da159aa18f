"""What rendered objects are called, and what marks them as this release's."""

from typing import Any

from mlci.records.labels import MODEL, ours
from mlci.records.release import Release

RELEASE = "mlci.dev/release"
MODEL_DIGEST = "mlci.dev/model-digest"

PORT = "v2"  # the name of the port that speaks the Open Inference Protocol
ADMISSIONS = "/mlci/admissions"
MODEL_FOLDER = "/mlci/model"
MODEL_FILE = f"{MODEL_FOLDER}/model.onnx"
HEALTH = "/v2/health"


def selector(release: Release) -> dict[str, str]:
    """Every pod of the model in this namespace, whatever its release."""
    return {MODEL: release.name}


def labels(release: Release) -> dict[str, str]:
    return ours(release.environment, release.name)


def thing(
    api: str, kind: str, name: str, release: Release, namespace: str, **rest: Any
) -> dict[str, Any]:
    """An object of the release's bundle."""
    metadata = {"name": name, "namespace": namespace, "labels": labels(release)}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **rest}


def stable_service(release: Release) -> str:
    """What clients ask: the stable release of a canary, the active one of blue-green."""
    return release.name


def other_service(release: Release, suffix: str) -> str:
    """``canary`` or ``preview``."""
    return f"{release.name}-{suffix}"


def analysis(release: Release, purpose: str) -> str:
    return f"{release.name}-{purpose}"
