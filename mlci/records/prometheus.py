"""Where the counts of live traffic are read when a cluster's Prometheus has them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from mlci.records.units import seconds

EVERY = 15.0
_UNITS = {"s": 1.0, "ms": 0.001}
_PLACE = re.compile(r"\$(namespace|model|service|hash)\b")


@dataclass(frozen=True, kw_only=True)
class Requests:
    """A counter of ended requests. ``code`` names the label with the status code, or the digit of
    its class; a number is the code of all of them, where the counter's own name says it."""

    query: str
    code: str | int


@dataclass(frozen=True, kw_only=True)
class Prometheus:
    """Selectors of raw counters; ``$namespace``, ``$model``, ``$service`` and ``$hash`` stand for
    the arm's own, ``$hash`` being its pod template's.

    ``buckets`` is the cumulative histogram of durations with its ``unit`` in seconds (None: the
    source has none, and latency can't be judged), ``active`` the gauge of requests in flight.
    ``instance`` are the labels that tell one counting process from another. ``every`` is the
    seconds between two looks: no less than the scrape interval.
    """

    address: str
    requests: tuple[Requests, ...]
    buckets: str | None = None
    unit: float = 1.0
    active: str | None = None
    instance: tuple[str, ...] = ("instance",)
    every: float = EVERY


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What the placeholders of a selector stand for."""

    namespace: str
    model: str
    service: str
    hash: str


def selector(query: str, arm: Arm) -> str:
    """The names are those that manifests and Kubernetes admit: nothing in them needs quoting."""
    return _PLACE.sub(lambda found: str(getattr(arm, found[1])), query)


def placeholders(query: str) -> frozenset[str]:
    """Which of an arm's names a selector has, such as ``hash``."""
    return frozenset(_PLACE.findall(query))


def _of(requests: str, code: str | int, **more: Any) -> Mapping[str, Any]:
    return MappingProxyType({"requests": ({"query": requests, "code": code},), **more})


_CLUSTER = (
    'envoy_cluster_name=~"(.*[^a-z0-9-])?'
    '($namespace[^a-z0-9-]$service|$service[^a-z0-9-]$namespace)([^a-z0-9-].*)?"'
)
_ISTIO = (
    'reporter="source",destination_service_namespace="$namespace",'
    'destination_service_name="$service"'
)
_NGINX = 'exported_namespace="$namespace",exported_service="$service"'
_POD = 'namespace="$namespace",rollouts_pod_template_hash="$hash"'

# Those that count at the gateway see the errors of a dead pod too; those that count in the pod
# (``triton``, ``mlci``) don't.
SOURCES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "envoy": _of(
            f"envoy_cluster_upstream_rq{{{_CLUSTER}}}",
            "envoy_response_code",
            buckets=f"envoy_cluster_upstream_rq_time_bucket{{{_CLUSTER}}}",
            unit=0.001,
            active=f"envoy_cluster_upstream_rq_active{{{_CLUSTER}}}",
        ),
        "istio": _of(
            f"istio_requests_total{{{_ISTIO}}}",
            "response_code",
            buckets=f"istio_request_duration_milliseconds_bucket{{{_ISTIO}}}",
            unit=0.001,
        ),
        "nginx": _of(
            f"nginx_ingress_controller_requests{{{_NGINX}}}",
            "status",
            buckets=f"nginx_ingress_controller_request_duration_seconds_bucket{{{_NGINX}}}",
        ),
        "triton": MappingProxyType(
            {
                "requests": (
                    {"query": f"nv_inference_request_success{{{_POD}}}", "code": 200},
                    {"query": f"nv_inference_request_failure{{{_POD}}}", "code": 500},
                )
            }
        ),
        "mlci": _of(
            f"mlci_serve_requests_total{{{_POD}}}",
            "code",
            buckets=f"mlci_serve_request_duration_seconds_bucket{{{_POD}}}",
            active=f"mlci_serve_requests_active{{{_POD}}}",
        ),
    }
)


def read_prometheus(said: Mapping[str, Any] | None) -> Prometheus | None:
    """``engine.argo.prometheus``, as its schema admits it: what isn't said there is what its
    ``source`` has; with ``requests`` of its own, nothing is taken from a source."""
    if said is None:
        return None
    source = {} if "requests" in said else SOURCES[said.get("source", "mlci")]
    known = {**source, **said}
    unit = known.get("unit", 1.0)
    return Prometheus(
        address=said["address"],
        requests=tuple(Requests(**each) for each in known["requests"]),
        buckets=known.get("buckets"),
        unit=_UNITS.get(unit, unit),
        active=known.get("active"),
        instance=tuple(said.get("instance", ("instance",))),
        every=seconds(said["every"]) if "every" in said else EVERY,
    )
