"""Envoy's clusters: one server has three of them, so that what reaches it is counted apart.

What users ask is evidence; what testers ask is no random share of it, and a copy is asked beside a
user's request, not instead of it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlci.records.traffic import copies_for, of_testers

# Kind of a cluster -> by what it is counted, from the server's identity.
_ARMS: Mapping[str, Callable[[str], str]] = {
    "server": str,
    "testers": of_testers,
    "copies": copies_for,
}
CLUSTERS = rf"(?:{'|'.join(_ARMS)})-[0-9a-f]{{64}}"
_TYPE = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def cluster_name(identity: str, kind: str = "server") -> str:
    """Envoy's name: the identity without the colon, which statistics don't keep."""
    return f"{kind}-{identity.removeprefix('sha256:')}"


def identity_of(cluster: str) -> str:
    return "sha256:" + cluster.partition("-")[2]


def counted_as(cluster: str) -> str:
    """The arm of a ``Scrape`` that the cluster's requests belong to."""
    return _ARMS[cluster.partition("-")[0]](identity_of(cluster))


def all_of(identity: str) -> str:
    """A regular expression for the names of the server's clusters."""
    kinds = "|".join(_ARMS)
    return f"({kinds})-{identity.removeprefix('sha256:')}"


def clusters_of(ports: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """All clusters of each server: identity -> port on loopback."""
    for identity, port in sorted(ports.items()):
        for kind in _ARMS:
            yield _cluster(cluster_name(identity, kind), port)


def address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _cluster(name: str, port: int) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": address(port)}}
    limits = {"max_connections": 8192, "max_pending_requests": 8192, "max_requests": 8192}
    options = {
        "@type": _TYPE,
        "explicit_http_config": {"http_protocol_options": {}},
        # Shorter than the 5 s after which a server closes an idle connection: a request sent on
        # one that is just being closed would fail.
        "common_http_protocol_options": {"idle_timeout": "2s"},
    }
    return {
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "circuit_breakers": {"thresholds": [limits]},
        "typed_extension_protocol_options": {_TYPE.removeprefix("type.googleapis.com/"): options},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
