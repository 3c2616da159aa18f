"""What stands around the pods: how many may go at once, who may reach them, who counts them."""

import urllib.parse
from typing import Any

from mlci.records.argo import Argo
from mlci.records.labels import HASH, MODEL
from mlci.records.release import Release
from mlci.render.analysis import INTERVAL
from mlci.render.names import PORT, selector, thing


def guards(release: Release, argo: Argo) -> list[dict[str, Any]]:
    return [
        _budget(release, argo),
        _network(release, argo),
        _monitor(release, argo),
    ]


def _budget(release: Release, argo: Argo) -> dict[str, Any]:
    """One at a time; pods that aren't ready never hold up the draining of a node."""
    spec = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": selector(release)},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    return thing(
        "policy/v1", "PodDisruptionBudget", release.name, release, argo.namespace, spec=spec
    )


def _network(release: Release, argo: Argo) -> dict[str, Any]:
    """In: the server's port. Out: names, and HTTPS where the model is brought from elsewhere."""
    dns = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    remote = urllib.parse.urlsplit(release.model.uri).scheme != "file"
    out = [{"ports": dns}, *([{"ports": [{"port": 443, "protocol": "TCP"}]}] if remote else [])]
    spec = {
        "podSelector": {"matchLabels": selector(release)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"port": PORT, "protocol": "TCP"}]}],
        "egress": out,
    }
    return thing(
        "networking.k8s.io/v1", "NetworkPolicy", release.name, release, argo.namespace, spec=spec
    )


def _monitor(release: Release, argo: Argo) -> dict[str, Any]:
    """Counters keep the pod template's hash, by which stable and canary are told apart."""
    spec = {
        "selector": {"matchLabels": selector(release)},
        "podTargetLabels": [MODEL, HASH],
        "podMetricsEndpoints": [
            {"port": PORT, "path": "/metrics", "interval": f"{INTERVAL}s", "scrapeTimeout": "5s"}
        ],
    }
    return thing(
        "monitoring.coreos.com/v1", "PodMonitor", release.name, release, argo.namespace, spec=spec
    )
