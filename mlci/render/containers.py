"""The containers of a pod: admitted first, then the model brought and verified, then the server."""

import math
from typing import Any

from mlci.records.argo import Argo
from mlci.records.release import Release
from mlci.records.serving import Secret
from mlci.render.names import ADMISSIONS, HEALTH, MODEL_FILE, MODEL_FOLDER, PORT

ADMITTED, BRING, SERVER = "admitted", "bring", "server"
TEMPLATE = "--template"
USER = 65532  # nobody in particular, and not root

_HARDENED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}
_SMALL = {
    "requests": {"cpu": "100m", "memory": "128Mi"},
    "limits": {"memory": "512Mi"},
}
_PERIOD = 5  # seconds between two probes


def init_containers(release: Release, argo: Argo, template: str) -> list[dict[str, Any]]:
    """``template`` is the digest of the pod template, by which the agent admits it."""
    brought = _bring(release, argo)
    if argo.judge != "agent":
        return [brought]
    folder = {"name": "mlci-admissions", "mountPath": ADMISSIONS, "readOnly": True}
    args = ["admitted", TEMPLATE, template, "--admissions", ADMISSIONS]
    return [_own(ADMITTED, argo, args, [folder]), brought]


def _bring(release: Release, argo: Argo) -> dict[str, Any]:
    secret = {"envFrom": [{"secretRef": {"name": argo.artifacts}}]} if argo.artifacts else {}
    args = ["bring", release.model.uri, "--digest", release.model.digest, "--to", MODEL_FILE]
    mounts = [
        {"name": "mlci-model", "mountPath": MODEL_FOLDER},
        {"name": "mlci-tmp", "mountPath": "/tmp"},  # noqa: S108 (in the container)
    ]
    return _own(BRING, argo, args, mounts) | secret


def _own(name: str, argo: Argo, args: list[str], mounts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "image": argo.image,
        "command": ["mlci"],
        "args": args,
        "resources": _SMALL,
        "securityContext": {**_HARDENED, "runAsUser": USER},
        "volumeMounts": mounts,
    }


def server(release: Release) -> dict[str, Any]:
    """The model server: any image that speaks the Open Inference Protocol V2 on its port.

    Its own words come from the manifest; what it needs to know of the release is in MLCI_… .
    """
    serving = release.serving
    variables: dict[str, str | Secret] = {
        "MLCI_MODEL": MODEL_FILE,
        "MLCI_MODEL_NAME": release.name,
        "MLCI_RELEASE": release.version,
        "MLCI_PORT": str(serving.port),
        **dict(sorted(serving.env.items())),
    }
    return {
        "name": SERVER,
        "image": serving.image,
        **({"command": list(serving.command)} if serving.command else {}),
        **({"args": list(serving.args)} if serving.args else {}),
        "env": [_variable(name, value) for name, value in variables.items()],
        "ports": [{"name": PORT, "containerPort": serving.port, "protocol": "TCP"}],
        "resources": {key: dict(each) for key, each in sorted(serving.resources.items())},
        "startupProbe": {
            **_probe("live"),
            "failureThreshold": max(1, math.ceil(serving.startup / _PERIOD)),
        },
        "livenessProbe": {**_probe("live"), "failureThreshold": 6},
        "readinessProbe": {**_probe("ready"), "failureThreshold": 2},
        # Proxies go on for a moment with what they know of a pod that ends.
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "securityContext": dict(_HARDENED),
        "volumeMounts": [
            {"name": "mlci-model", "mountPath": MODEL_FOLDER, "readOnly": True},
            {"name": "mlci-tmp", "mountPath": "/tmp"},  # noqa: S108 (in the container)
        ],
    }


def _probe(word: str) -> dict[str, Any]:
    return {
        "httpGet": {"path": f"{HEALTH}/{word}", "port": PORT},
        "periodSeconds": _PERIOD,
        "timeoutSeconds": 3,
    }


def _variable(name: str, value: str | Secret) -> dict[str, Any]:
    if isinstance(value, str):
        return {"name": name, "value": value}
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": value.name, "key": value.key}}}
