"""Who answers what: routes of models as Envoy's data, and back."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlci.delivery.engine import Arm, Role, Route
from mlci.delivery.local.clusters import cluster_name, identity_of
from mlci.delivery.local.envoy_config import resources
from mlci.records.rollout import Header

_MILLION = 1_000_000


def routes(desired: Iterable[Route], versions: Mapping[str, str], timeout: float) -> dict[str, Any]:
    """``versions``: identity -> the release's version, for the header that says who answered.

    Nothing is retried: a retry would hide from the counters the harm that a canary does.
    """
    models = sorted(desired, key=lambda route: route.model)
    served = any(arm.weight for route in models for arm in route.arms)
    status, word = (200, "ready") if served else (503, "no model is routed")
    table = [
        _direct({"path": "/v2/health/live"}, 200, {"live": True}),
        _direct({"path": "/v2/health/ready"}, status, {"ready": served, "reason": word}),
        *(each for route in models for each in _of_model(route, versions, f"{timeout:g}s")),
        _direct({"prefix": "/"}, 404, {"error": "no such model or path"}),
    ]
    host = {"name": "models", "domains": ["*"], "routes": table}
    configuration = {
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": "models",
        "virtual_hosts": [host],
    }
    return resources([configuration])


def routes_of(text: str) -> tuple[Route, ...]:
    """The routes that ``routes`` was given, from the file written from it."""
    table = json.loads(text)["resources"][0]["virtual_hosts"][0]["routes"]
    return tuple(_route_of(each) for each in table if "metadata" in each)


def _route_of(entry: Mapping[str, Any]) -> Route:
    words = entry["metadata"]["filter_metadata"]["mlci"]
    split = entry.get("route", {}).get("weighted_clusters", {}).get("clusters", ())
    weights = {identity_of(each["name"]): each["weight"] for each in split}
    return Route(
        model=words["model"],
        arms=tuple(
            Arm(identity=identity, role=Role(role), weight=weights.get(identity, 0))
            for identity, role in words["roles"].items()
        ),
        testers=tuple(Header(name=name, value=value) for name, value in words.get("testers", ())),
        shadow=words.get("shadow", 0.0),
    )


def _of_model(route: Route, versions: Mapping[str, str], timeout: str) -> Iterator[dict[str, Any]]:
    """Testers first, as the first match counts; then everybody else."""
    base = f"/v2/models/{route.model}"
    below = {"prefix": f"{base}/"}
    for header in route.testers if route.canary else ():
        asked = {"name": header.name, "string_match": {"exact": header.value}}
        action = {"timeout": timeout, "cluster": cluster_name(str(route.canary), "testers")}
        says = [_says(versions[str(route.canary)])]
        for path in ({"path": base}, below):
            match = {**path, "headers": [asked]}
            yield {"match": match, "route": action, "response_headers_to_add": says}
    words = {"filter_metadata": {"mlci": _words(route)}}
    if not any(arm.weight for arm in route.arms):
        error = {"error": "no release of this model takes requests yet"}
        yield _direct({"path": base}, 503, error)
        yield {**_direct(below, 503, error), "metadata": words}
        return
    action = _everybody(route, versions, timeout)
    yield {"match": {"path": base}, "route": action}
    yield {"match": below, "route": action, "metadata": words}


def _words(route: Route) -> dict[str, Any]:
    words: dict[str, Any] = {
        "model": route.model,
        "roles": {arm.identity: arm.role.value for arm in route.arms},
    }
    if route.testers:
        words["testers"] = [[header.name, header.value] for header in route.testers]
    if route.shadow:
        words["shadow"] = route.shadow
    return words


def _everybody(route: Route, versions: Mapping[str, str], timeout: str) -> dict[str, Any]:
    clusters = [
        {
            "name": cluster_name(arm.identity),
            "weight": arm.weight,
            "response_headers_to_add": [_says(versions[arm.identity])],
        }
        for arm in route.arms
    ]
    action: dict[str, Any] = {"timeout": timeout, "weighted_clusters": {"clusters": clusters}}
    if route.shadow and route.canary:
        share = {"numerator": round(route.shadow * _MILLION), "denominator": "MILLION"}
        mirror = {
            "cluster": cluster_name(route.canary, "copies"),
            "runtime_fraction": {"default_value": share},
        }
        action["request_mirror_policies"] = [mirror]
    return action


def _says(version: str) -> dict[str, Any]:
    # Envoy's headers are formats: a percent sign is written twice.
    return _header("Mlci-Release", version.replace("%", "%%"))


def _header(key: str, value: str) -> dict[str, Any]:
    return {
        "header": {"key": key, "value": value},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }


def _direct(match: Mapping[str, Any], status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "match": match,
        "direct_response": {"status": status, "body": {"inline_string": json.dumps(body)}},
        "response_headers_to_add": [_header("Content-Type", "application/json")],
    }
