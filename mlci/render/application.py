"""What Argo CD is told of an environment: a project that permits little, and one Application."""

from collections.abc import Sequence
from typing import Any

from mlci.records.argo import Argo
from mlci.records.labels import ENVIRONMENT, HASH, MANAGED_BY

API = "argoproj.io/v1alpha1"
KINDS = (
    ("", "Service"),
    ("argoproj.io", "AnalysisTemplate"),
    ("argoproj.io", "Rollout"),
    ("gateway.networking.k8s.io", "HTTPRoute"),
    ("monitoring.coreos.com", "PodMonitor"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("policy", "PodDisruptionBudget"),
)
CHART = "_chart"
KUSTOMIZE = "_kustomize"
SETTINGS = "_environment"
_MANAGED = "/metadata/annotations/argo-rollouts.argoproj.io~1managed-by-rollouts"


def app_project(environment: str, argo: Argo) -> dict[str, Any]:
    """One repository, one namespace, the kinds that releases need, nothing of the cluster's."""
    return _object(
        "AppProject",
        environment,
        argo,
        {
            "description": f"Model releases for {environment}, rendered by mlci",
            "sourceRepos": [argo.repository],
            "destinations": [{"server": argo.cluster, "namespace": argo.namespace}],
            "clusterResourceWhitelist": [],
            "namespaceResourceWhitelist": [
                {"group": group, "kind": kind}
                for group, kind in KINDS
                if kind != "HTTPRoute" or argo.gateway
            ],
        },
    )


def application(
    environment: str, argo: Argo, revision: str, models: Sequence[str]
) -> dict[str, Any]:
    """``revision`` is the protected branch, ``models`` those that a chart takes its values of."""
    return _object(
        "Application",
        environment,
        argo,
        {
            "project": _name(environment),
            "source": {
                "repoURL": argo.repository,
                "targetRevision": revision,
                **_source(environment, argo, models),
            },
            "destination": {"server": argo.cluster, "namespace": argo.namespace},
            # What Argo Rollouts writes into what is rendered, and nobody takes back.
            "ignoreDifferences": [
                {"kind": "Service", "jsonPointers": [f"/spec/selector/{HASH}", _MANAGED]},
                *(
                    [
                        {
                            "group": "gateway.networking.k8s.io",
                            "kind": "HTTPRoute",
                            "jsonPointers": ["/spec/rules"],
                        }
                    ]
                    if argo.gateway
                    else []
                ),
            ],
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["RespectIgnoreDifferences=true"],
                # A retry takes the newest commit: an old one must not stand in a reversal's way.
                "retry": {
                    "limit": -1,
                    "refresh": True,
                    "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"},
                },
            },
        },
    )


def kustomization(models: Sequence[str]) -> dict[str, Any]:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"../{model}" for model in models],
    }


def _source(environment: str, argo: Argo, models: Sequence[str]) -> dict[str, Any]:
    folder = f"deploy/{environment}"
    if argo.bundle == "kustomize":
        return {"path": f"{folder}/{KUSTOMIZE}"}
    if argo.bundle == "helm":
        values = [f"../{model}/values.yaml" for model in models]
        return {"path": f"{folder}/{CHART}", "helm": {"valueFiles": values}}
    return {"path": folder, "directory": {"recurse": True, "exclude": f"{SETTINGS}/*"}}


def _name(environment: str) -> str:
    return f"models-{environment}"


def _object(kind: str, environment: str, argo: Argo, spec: dict[str, Any]) -> dict[str, Any]:
    labels = {MANAGED_BY: "mlci", ENVIRONMENT: environment}
    metadata = {"name": _name(environment), "namespace": argo.argocd, "labels": labels}
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec}
