"""Where requests go: Services, and an HTTPRoute where the Gateway API splits them.

A Service that Argo Rollouts steers is rendered WITHOUT a selector. A selector is one atomic value
to server-side apply: whoever applies one takes the pod template's hash out of it that Rollouts
wrote, and the next release is then taken for a first one, which skips every analysis. What is not
applied is nobody's but the controller's.
"""

from typing import Any

from mlci.records.argo import Argo, Gateway
from mlci.records.release import Release
from mlci.records.rollout import Strategy
from mlci.render.names import PORT, other_service, selector, stable_service, thing

SERVICE_PORT = 80


def services(release: Release, argo: Argo) -> list[dict[str, Any]]:
    if release.rollout.strategy is Strategy.BLUE_GREEN:
        names = [stable_service(release), other_service(release, "preview")]
        return [_service(name, release, argo) for name in names]
    if argo.gateway is None:
        # All pods, stable and canary: their numbers split the traffic, and nobody steers it.
        service = _service(stable_service(release), release, argo)
        return [{**service, "spec": {"selector": selector(release), **service["spec"]}}]
    names = [stable_service(release), other_service(release, "canary")]
    return [
        *(_service(name, release, argo) for name in names),
        _route(release, argo, argo.gateway),
    ]


def _service(name: str, release: Release, argo: Argo) -> dict[str, Any]:
    port = {"name": PORT, "port": SERVICE_PORT, "protocol": "TCP", "targetPort": PORT}
    return thing("v1", "Service", name, release, argo.namespace, spec={"ports": [port]})


def _route(release: Release, argo: Argo, gateway: Gateway) -> dict[str, Any]:
    parent = {"name": gateway.name, "namespace": gateway.namespace}
    if gateway.section:
        parent["sectionName"] = gateway.section
    backends = [
        {"name": stable_service(release), "port": SERVICE_PORT, "weight": 100},
        {"name": other_service(release, "canary"), "port": SERVICE_PORT, "weight": 0},
    ]
    path = {"type": "PathPrefix", "value": f"/v2/models/{release.name}"}
    return thing(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        release.name,
        release,
        argo.namespace,
        spec={
            "parentRefs": [parent],
            **({"hostnames": list(gateway.hostnames)} if gateway.hostnames else {}),
            "rules": [{"matches": [{"path": path}], "backendRefs": backends}],
        },
    )
