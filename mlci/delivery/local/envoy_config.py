"""Envoy's configuration as data, written as JSON: YAML reads ``id: n`` as false."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from mlci.delivery.local.clusters import CLUSTERS, address, clusters_of

# In milliseconds. Bounds of a policy that are among them never make Envoy restart.
LADDER = (
    *(1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 80, 100, 120, 150, 200, 250),
    *(300, 400, 500, 600, 750, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 7500, 10000, 15000, 30000),
)
_TYPE = "type.googleapis.com/envoy.extensions."
_MANAGER = "filters.network.http_connection_manager.v3.HttpConnectionManager"


def bootstrap(port: int, latency_bounds: Iterable[float]) -> dict[str, Any]:
    """One listener on loopback; routes and clusters are watched files beside each other."""
    edges = sorted({*map(float, LADDER), *(round(bound * 1000, 6) for bound in latency_bounds)})
    manager = {
        "@type": _TYPE + _MANAGER,
        "stat_prefix": "ingress",
        "normalize_path": True,
        "rds": {"route_config_name": "models", "config_source": _file("routes.json")},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": _TYPE + "filters.http.router.v3.Router"},
            }
        ],
    }
    listener = {
        "name": "ingress",
        "address": address(port),
        # Two Envoys of one user would share a port silently, each with half of the traffic.
        "enable_reuse_port": False,
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    return {
        "node": {"id": "mlci", "cluster": "mlci"},
        "admin": {"address": {"pipe": {"path": "admin.sock", "mode": 0o600}}},
        "stats_flush_on_admin": True,
        "stats_config": {
            "histogram_bucket_settings": [
                {
                    "match": {"safe_regex": {"regex": rf"cluster\.{CLUSTERS}\.upstream_rq_time"}},
                    "buckets": edges,
                }
            ]
        },
        "static_resources": {"listeners": [listener]},
        "dynamic_resources": {"cds_config": _file("clusters.json")},
    }


def serves(running: str, port: int, latency_bounds: Iterable[float]) -> bool:
    """Whether an Envoy started with the text ``running`` does what such a bootstrap asks.

    More bucket edges than asked for are fine; anything else that differs needs a restart.
    """
    old, new = json.loads(running), bootstrap(port, latency_bounds)
    edges = [
        set(each["stats_config"]["histogram_bucket_settings"][0].pop("buckets"))
        for each in (old, new)
    ]
    return bool(old == new and edges[0] >= edges[1])


def clusters(ports: Mapping[str, int]) -> dict[str, Any]:
    """The clusters of all servers: identity -> port on loopback."""
    return resources([*clusters_of(ports)])


def resources(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The version is the content's digest, so that the one in force can be asked for."""
    version = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]
    return {"version_info": version, "resources": found}


def _file(name: str) -> dict[str, Any]:
    source = {"path": f"xds/{name}", "watched_directory": {"path": "xds"}}
    return {"path_config_source": source, "resource_api_version": "V3"}
