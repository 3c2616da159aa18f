"""Pods keep to the restricted profile of the Pod Security Standards, whatever a patch adds."""

from collections.abc import Iterator, Mapping
from typing import Any

from mlci.render.fault import Fault, Path, dig, mappings

_POD: Path = ("spec", "template", "spec")
_VOLUMES = frozenset(
    [
        *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image"),
        *("persistentVolumeClaim", "projected", "secret"),
    ]
)

Found = Iterator[tuple[Path, str, str]]


def pod_faults(rollout: Mapping[str, Any]) -> list[Fault]:
    name = str(dig(rollout, "metadata", "name"))
    found = [*_pod(rollout), *_containers(rollout), *_volumes(rollout)]
    return [
        Fault(kind="Rollout", name=name, path=path, found=what, expected=expected)
        for path, what, expected in found
    ]


def _pod(rollout: Any) -> Found:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if dig(rollout, *_POD, key):
            yield (*_POD, key), key, "pods that don't share the node's"
    context: Path = (*_POD, "securityContext")
    if dig(rollout, *context, "runAsUser") == 0:
        yield (*context, "runAsUser"), "root", "another user"
    if dig(rollout, *context, "runAsNonRoot") is not True:
        yield (*context, "runAsNonRoot"), "perhaps root", "true"
    if dig(rollout, *context, "seccompProfile", "type") not in ("RuntimeDefault", "Localhost"):
        yield (*context, "seccompProfile"), "no seccomp profile", "RuntimeDefault or Localhost"


def _containers(rollout: Any) -> Found:
    for group in ("initContainers", "containers"):
        for index, container in mappings(rollout, *_POD, group):
            path: Path = (*_POD, group, index, "securityContext")
            context = dig(container, "securityContext") or {}
            if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
                yield path, "privileges that may grow", "allowPrivilegeEscalation: false"
            if context.get("runAsNonRoot") is False or context.get("runAsUser") == 0:
                yield path, "root", "another user"
            capabilities = context.get("capabilities") or {}
            more = set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}
            if "ALL" not in (capabilities.get("drop") or ()) or more:
                yield path, "capabilities", "drop: [ALL]"
            if any(dig(each, "hostPort") for _, each in mappings(container, "ports")):
                yield (*_POD, group, index, "ports"), "a port of the node", "a port of the pod"


def _volumes(rollout: Any) -> Found:
    for index, volume in mappings(rollout, *_POD, "volumes"):
        for kind in volume.keys() - {"name"} - _VOLUMES:
            yield (*_POD, "volumes", index), f"a volume of {kind}", "none of the node's"
