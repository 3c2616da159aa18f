"""The delivery engine of an environment that Argo delivers to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlci.records.prometheus import Prometheus, read_prometheus

IN_CLUSTER = "https://kubernetes.default.svc"
AGENT_PORT = 8080


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Where requests come in by the Gateway API; ``hostnames`` may be empty: any."""

    name: str
    namespace: str
    section: str | None = None
    hostnames: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Argo:
    """``engine.argo``. ``agent`` is the base URL of the agent as seen from the cluster, ``image``
    the image of mlci by digest, ``gateway`` what splits traffic (None: the number of pods),
    ``bundle`` is plain, kustomize or helm, ``judge`` is agent or prometheus; ``counts`` says where
    and how requests are counted (None: nowhere), and ``source`` who does it."""

    namespace: str
    agent: str
    repository: str | None = None
    image: str | None = None
    cluster: str = IN_CLUSTER
    argocd: str = "argocd"
    gateway: Gateway | None = None
    bundle: str = "plain"
    judge: str = "agent"
    counts: Prometheus | None = None
    source: str = "mlci"
    artifacts: str | None = None


def read_argo(engine: Mapping[str, Any]) -> Argo | None:
    """``engine`` of an environment, as its schema admits it; None for another engine."""
    said = engine.get("argo")
    if said is None:
        return None
    namespace = said["namespace"]
    return Argo(
        namespace=namespace,
        agent=said.get("agent", f"http://mlci-agent.{namespace}.svc:{AGENT_PORT}").rstrip("/"),
        repository=said.get("repository"),
        image=said.get("image"),
        cluster=said.get("cluster", IN_CLUSTER),
        argocd=said.get("argocdNamespace", "argocd"),
        gateway=_gateway(said.get("routing"), namespace),
        bundle=said.get("bundle", "plain"),
        judge=said.get("judge", "agent"),
        counts=read_prometheus(said.get("prometheus")),
        source=said.get("prometheus", {}).get("source", "mlci"),
        artifacts=said.get("artifactsSecret"),
    )


def _gateway(routing: Mapping[str, Any] | None, namespace: str) -> Gateway | None:
    if routing is None:
        return None
    said = routing["gatewayApi"]
    return Gateway(
        name=said["gateway"],
        namespace=said.get("namespace", namespace),
        section=said.get("section"),
        hostnames=tuple(said.get("hostnames", ())),
    )
