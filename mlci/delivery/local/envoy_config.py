"""Envoy's configuration as data, written as JSON: YAML reads ``id: n`` as false."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from mlci.delivery.engine import Arm, Role, Route

# In milliseconds. Bounds of a policy that are among them never make Envoy restart.
LADDER = (
    *(1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 80, 100, 120, 150, 200, 250),
    *(300, 400, 500, 600, 750, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 7500, 10000, 15000, 30000),
)
_TYPE = "type.googleapis.com/envoy.extensions."
_MANAGER = "filters.network.http_connection_manager.v3.HttpConnectionManager"


def cluster_name(identity: str) -> str:
    """Envoy's name of a server: its identity without the colon, which statistics don't keep."""
    return "server-" + identity.removeprefix("sha256:")


def identity_of(cluster: str) -> str:
    return "sha256:" + cluster.removeprefix("server-")


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
        "address": _address(port),
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
                    "match": {"safe_regex": {"regex": r"cluster\.server-.*\.upstream_rq_time"}},
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
    """One cluster for each server: identity -> port on loopback."""
    return _resources([_cluster(identity, port) for identity, port in sorted(ports.items())])


def routes(desired: Iterable[Route], versions: Mapping[str, str], timeout: float) -> dict[str, Any]:
    """``versions``: identity -> the release's version, for the header that says who answered.

    Nothing is retried: a retry would hide from the counters the harm that a canary does.
    """
    models = sorted(desired, key=lambda route: route.model)
    status, word = (200, "ready") if models else (503, "no model is routed")
    table = [
        _direct({"path": "/v2/health/live"}, 200, {"live": True}),
        _direct({"path": "/v2/health/ready"}, status, {"ready": bool(models), "reason": word}),
    ]
    for route in models:
        action = {
            "timeout": f"{timeout:g}s",
            "weighted_clusters": {
                "clusters": [
                    {
                        "name": cluster_name(arm.identity),
                        "weight": arm.weight,
                        "response_headers_to_add": [
                            # Envoy's headers are formats: a percent sign is written twice.
                            _header("Mlci-Release", versions[arm.identity].replace("%", "%%"))
                        ],
                    }
                    for arm in route.arms
                ]
            },
        }
        base = f"/v2/models/{route.model}"
        table.append({"match": {"path": base}, "route": action})
        roles = {arm.identity: arm.role.value for arm in route.arms}
        words = {"filter_metadata": {"mlci": {"model": route.model, "roles": roles}}}
        table.append({"match": {"prefix": base + "/"}, "route": action, "metadata": words})
    table.append(_direct({"prefix": "/"}, 404, {"error": "no such model or path"}))
    host = {"name": "models", "domains": ["*"], "routes": table}
    configuration = {
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": "models",
        "virtual_hosts": [host],
    }
    return _resources([configuration])


def routes_of(text: str) -> tuple[Route, ...]:
    """The routes that ``routes`` was given, from the file written from it."""
    table = json.loads(text)["resources"][0]["virtual_hosts"][0]["routes"]
    found = []
    for each in table:
        if "metadata" in each:
            words = each["metadata"]["filter_metadata"]["mlci"]
            arms = (
                Arm(identity=identity, role=Role(words["roles"][identity]), weight=one["weight"])
                for one in each["route"]["weighted_clusters"]["clusters"]
                if (identity := identity_of(one["name"]))
            )
            found.append(Route(model=words["model"], arms=tuple(arms)))
    return tuple(found)


def _cluster(identity: str, port: int) -> dict[str, Any]:
    name = cluster_name(identity)
    endpoint = {"endpoint": {"address": _address(port)}}
    limits = {"max_connections": 8192, "max_pending_requests": 8192, "max_requests": 8192}
    options = {
        "@type": _TYPE + "upstreams.http.v3.HttpProtocolOptions",
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
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
        },
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _resources(resources: list[dict[str, Any]]) -> dict[str, Any]:
    """The version is the content's digest, so that the one in force can be asked for."""
    version = hashlib.sha256(json.dumps(resources, sort_keys=True).encode()).hexdigest()[:16]
    return {"version_info": version, "resources": resources}


def _file(name: str) -> dict[str, Any]:
    source = {"path": f"xds/{name}", "watched_directory": {"path": "xds"}}
    return {"path_config_source": source, "resource_api_version": "V3"}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _header(key: str, value: str) -> dict[str, Any]:
    return {
        "header": {"key": key, "value": value},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }


def _direct(match: dict[str, str], status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "match": match,
        "direct_response": {"status": status, "body": {"inline_string": json.dumps(body)}},
        "response_headers_to_add": [_header("Content-Type", "application/json")],
    }
