"""The agent in the cluster: a Deployment of one, and no more rights than its work needs.

It keeps nothing: what it knows it reads from Git, the cluster and Prometheus. Secrets are only
named; whoever runs the platform makes them.
"""

import urllib.parse
from typing import Any

from mlci.records.argo import AGENT_PORT, Argo
from mlci.records.labels import ENVIRONMENT, MANAGED_BY
from mlci.records.rights import RIGHTS
from mlci.render.containers import USER

NAME = "mlci-agent"
GIT_SECRET = "mlci-agent-git"  # noqa: S105 (a name)
_PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}


def agent_objects(environment: str, argo: Argo) -> list[dict[str, Any]]:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME}
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": argo.namespace}
    rules = [
        {
            "apiGroups": [right.group],
            "resources": list(right.resources),
            "verbs": list(right.verbs),
        }
        for right in RIGHTS
    ]
    port = {"name": "http", "port": AGENT_PORT, "protocol": "TCP", "targetPort": "http"}
    rbac = "rbac.authorization.k8s.io/v1"
    made: list[tuple[str, str, dict[str, Any]]] = [
        ("v1", "ServiceAccount", {"automountServiceAccountToken": False}),
        (rbac, "Role", {"rules": rules}),
        (rbac, "RoleBinding", {"roleRef": role, "subjects": [subject]}),
        ("v1", "Service", {"spec": {"selector": _selector(), "ports": [port]}}),
        ("networking.k8s.io/v1", "NetworkPolicy", {"spec": _network(argo)}),
        ("apps/v1", "Deployment", {"spec": _deployment(environment, argo)}),
    ]
    labels = {MANAGED_BY: "mlci", ENVIRONMENT: environment}
    metadata = {"name": NAME, "namespace": argo.namespace, "labels": labels}
    return [
        {"apiVersion": api, "kind": kind, "metadata": metadata, **rest} for api, kind, rest in made
    ]


def _deployment(environment: str, argo: Argo) -> dict[str, Any]:
    repository = {"name": "repository", "mountPath": "/mlci/repository"}
    tmp = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 (in the container)
    git = {"name": "git", "mountPath": "/mlci/git", "readOnly": True}
    state = {"name": "state", "mountPath": "/mlci/state"}
    clone = ["clone", "--no-checkout", "--", str(argo.repository), "/mlci/repository"]
    run = ["agent", "--environment", environment, "--repository", "/mlci/repository"]
    run += ["--state", "/mlci/state", "--metrics-port", str(AGENT_PORT)]
    run += ["--host", "0.0.0.0"]  # noqa: S104 (in the container: Rollouts' controller asks)
    probe = {"httpGet": {"path": "/metrics", "port": "http"}, "timeoutSeconds": 5}
    agent = {
        **_container("agent", argo, ["mlci"], run, [repository, state, git, tmp]),
        "ports": [{"name": "http", "containerPort": AGENT_PORT, "protocol": "TCP"}],
        "readinessProbe": probe,
        "resources": {
            "requests": {"cpu": "250m", "memory": "512Mi"},
            "limits": {"memory": "2Gi"},
        },
    }
    return {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": _selector()},
        "template": {
            "metadata": {"labels": {**_selector(), ENVIRONMENT: environment}},
            "spec": {
                "serviceAccountName": NAME,
                "automountServiceAccountToken": True,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": USER,
                    "fsGroup": USER,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "initContainers": [
                    _container("clone", argo, ["git"], clone, [repository, git, tmp])
                ],
                "containers": [agent],
                "volumes": [
                    {"name": "repository", "emptyDir": {}},
                    {"name": "state", "emptyDir": {}},
                    {"name": "tmp", "emptyDir": {}},
                    {"name": "git", "secret": {"secretName": GIT_SECRET, "optional": True}},
                ],
            },
        },
    }


def _container(
    name: str, argo: Argo, command: list[str], args: list[str], mounts: list[dict[str, Any]]
) -> dict[str, Any]:
    """With the keys of the Secret as git takes them: `credentials` for https, `identity` and
    `known_hosts` for ssh."""
    known = "-o IdentitiesOnly=yes -o UserKnownHostsFile=/mlci/git/known_hosts"
    env = {
        "HOME": "/tmp",  # noqa: S108 (in the container)
        "GIT_SSH_COMMAND": f"ssh -i /mlci/git/identity {known}",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "credential.helper",
        "GIT_CONFIG_VALUE_0": "store --file /mlci/git/credentials",
    }
    secret = {"envFrom": [{"secretRef": {"name": argo.artifacts}}]} if argo.artifacts else {}
    return {
        "name": name,
        "image": argo.image,
        "command": command,
        "args": args,
        "env": [{"name": key, "value": value} for key, value in env.items()],
        **secret,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": mounts,
    }


def _network(argo: Argo) -> dict[str, Any]:
    """In: questions from the cluster. Out: names, the API server, git, Prometheus, models."""
    ports = {443, 6443, 9090, _git_port(str(argo.repository))}
    dns = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    return {
        "podSelector": {"matchLabels": _selector()},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [{"namespaceSelector": {}}],
                "ports": [{"port": "http", "protocol": "TCP"}],
            }
        ],
        "egress": [
            {"ports": dns},
            {"ports": [{"port": port, "protocol": "TCP"} for port in sorted(ports)]},
        ],
    }


def _git_port(url: str) -> int:
    parts = urllib.parse.urlsplit(url)
    try:
        return parts.port or _PORTS.get(parts.scheme, 22)
    except ValueError:  # what follows the colon is a path, as in git@host:path
        return 22


def _selector() -> dict[str, str]:
    return {"app.kubernetes.io/name": NAME}
