"""The rules of a Rollout that its CRD's schema doesn't show.

They are those by which Argo Rollouts v1.9 calls a spec invalid at its first sync
(pkg/apis/rollouts/validation), and two of mlci's: no pause that ends by itself, as it goes on when
nobody can look, and an abort where there is no progress.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from mlci.render.fault import Fault, Path, dig, mappings, number

_KINDS_OF_STEP = ("setWeight", "pause", "experiment", "analysis")
_MESH = ("alb", "ambassador", "apisix", "appMesh", "nginx", "smi", "traefik")
_STRATEGY: Path = ("spec", "strategy")

Found = Iterator[tuple[Path, str, str]]


def rollout_faults(rollout: Mapping[str, Any], services: Mapping[str, Any]) -> list[Fault]:
    """``services`` are the Services of the bundle by name."""
    name = str(dig(rollout, "metadata", "name"))
    checks = (_whole, _strategies, _canary, _steps, _routes, _blue_green)
    found = [each for check in checks for each in check(rollout)]
    found += _services(rollout, services)
    return [
        Fault(kind="Rollout", name=name, path=path, found=what, expected=expected)
        for path, what, expected in found
    ]


def _whole(rollout: Any) -> Found:
    spec = dig(rollout, "spec")
    ready = number(dig(spec, "minReadySeconds"))
    deadline = number(dig(spec, "progressDeadlineSeconds"), 600)
    if deadline <= ready:
        expected = f"more than minReadySeconds, which is {ready:g}"
        yield ("spec", "progressDeadlineSeconds"), f"{deadline:g}", expected
    if dig(spec, "progressDeadlineAbort") is not True:
        found = "no abort where there is no progress"
        yield ("spec", "progressDeadlineAbort"), found, "true: a failed canary keeps traffic else"
    if dig(spec, "workloadRef") is not None:
        yield ("spec", "workloadRef"), "workloadRef", "the pod template here, and nothing else"
    wanted = dig(spec, "selector", "matchLabels") or {}
    labels = dig(spec, "template", "metadata", "labels") or {}
    if not wanted or any(labels.get(key) != value for key, value in wanted.items()):
        found = "a selector that the pod template's labels don't match"
        yield ("spec", "selector"), found, "labels of the pod template"
    history = number(dig(spec, "revisionHistoryLimit"), 10)
    if number(dig(spec, "rollbackWindow", "revisions")) > history:
        found = f"more revisions than the {history:g} that are kept"
        yield ("spec", "rollbackWindow"), found, "no more than revisionHistoryLimit"
    for strategy in ("canary", "blueGreen"):
        path: Path = (*_STRATEGY, strategy, "scaleDownDelayRevisionLimit")
        if number(dig(rollout, *path)) > history:
            yield path, "more revisions than are kept", "no more than revisionHistoryLimit"


def _strategies(rollout: Any) -> Found:
    said = [each for each in ("canary", "blueGreen") if dig(rollout, *_STRATEGY, each) is not None]
    if len(said) != 1:
        yield _STRATEGY, " and ".join(said) or "no strategy", "one of canary, blueGreen"
    for strategy in said:
        path: Path = (*_STRATEGY, strategy, "antiAffinity")
        rule = dig(rollout, *path)
        if rule is None:
            continue
        preferred = dig(rule, "preferredDuringSchedulingIgnoredDuringExecution")
        required = dig(rule, "requiredDuringSchedulingIgnoredDuringExecution")
        if (preferred is None) == (required is None):
            yield path, "not one of preferred and required", "exactly one of them"
        elif preferred is not None and not 1 <= number(dig(preferred, "weight")) <= 100:
            yield path, "a weight outside 1..100", "a weight from 1 to 100"


def _canary(rollout: Any) -> Found:
    path: Path = (*_STRATEGY, "canary")
    canary = dig(rollout, *path)
    if canary is None:
        return
    routing, stable, other = (
        dig(canary, key) for key in ("trafficRouting", "stableService", "canaryService")
    )
    if stable is not None and stable == other:
        yield (*path, "stableService"), "one Service for both", "two Services"
    istio = dig(routing, "istio")
    both = any(dig(routing, each) is not None for each in _MESH) or (
        istio is not None and dig(istio, "destinationRule") is None
    )
    if both and (stable is None or other is None):
        yield (*path, "trafficRouting"), "no two Services", "stableService and canaryService"
    nginx = dig(routing, "nginx")
    if nginx is not None and ("stableIngress" in nginx) == ("stableIngresses" in nginx):
        expected = "one of stableIngress, stableIngresses"
        yield (*path, "trafficRouting", "nginx"), "not exactly one", expected
    delayed, dynamic = "scaleDownDelaySeconds" in canary, dig(canary, "dynamicStableScale") is True
    if routing is None and delayed:
        yield (*path, "scaleDownDelaySeconds"), "no trafficRouting", "trafficRouting"
    if routing is None and dynamic:
        yield (*path, "dynamicStableScale"), "no trafficRouting", "trafficRouting"
    if delayed and dynamic:
        yield (*path, "dynamicStableScale"), "scaleDownDelaySeconds besides", "one of them"
    if _none(dig(canary, "maxSurge"), "25%") and _none(dig(canary, "maxUnavailable"), "25%"):
        yield (*path, "maxSurge"), "no surge, and none may be unavailable", "one of them above 0"


def _steps(rollout: Any) -> Found:
    canary: Path = (*_STRATEGY, "canary")
    routed = dig(rollout, *canary, "trafficRouting") is not None
    for index, step in mappings(rollout, *canary, "steps"):
        path: Path = (*canary, "steps", index)
        said = [each for each in _KINDS_OF_STEP if each in step]
        if len(said) > 1 or not step:
            yield path, " and ".join(said) or "an empty step", "one thing a step"
        weight = dig(step, "setWeight")
        if weight is not None and not 0 <= number(weight, -1) <= 100:
            yield (*path, "setWeight"), f"{weight}", "0 to 100"
        if dig(step, "pause", "duration") is not None:
            found = "a pause that ends by itself, seen or unseen"
            yield (*path, "pause"), found, "an analysis that lasts as long"
        if "setCanaryScale" in step and not routed:
            yield (*path, "setCanaryScale"), "no trafficRouting", "trafficRouting"


def _routes(rollout: Any) -> Found:
    canary: Path = (*_STRATEGY, "canary")
    routing = dig(rollout, *canary, "trafficRouting")
    managed = [dig(each, "name") for _, each in mappings(routing, "managedRoutes")]
    able = {
        "setHeaderRoute": ("istio", "alb", "apisix", "plugins"),
        "setMirrorRoute": ("istio",),
    }
    for index, step in mappings(rollout, *canary, "steps"):
        for word, routers in able.items():
            route = dig(step, word)
            path: Path = (*canary, "steps", index, word)
            if route is None:
                continue
            if not any(dig(routing, each) for each in routers):
                yield path, "routing that can't do it", f"trafficRouting by {' or '.join(routers)}"
            elif dig(route, "name") not in managed:
                yield path, "a route that managedRoutes doesn't name", "its name there"


def _blue_green(rollout: Any) -> Found:
    path: Path = (*_STRATEGY, "blueGreen")
    said = dig(rollout, *path)
    if said is not None and dig(said, "activeService") == dig(said, "previewService"):
        yield (*path, "activeService"), "one Service for both", "two Services"
    if dig(said, "autoPromotionSeconds"):
        found = "a switch by the clock"
        yield (*path, "autoPromotionSeconds"), found, "analyses and people that decide"


def _services(rollout: Any, services: Mapping[str, Any]) -> Found:
    labels = dig(rollout, "spec", "template", "metadata", "labels") or {}
    named = [
        dig(rollout, *_STRATEGY, *keys)
        for keys in (
            ("canary", "stableService"),
            ("canary", "canaryService"),
            ("blueGreen", "activeService"),
            ("blueGreen", "previewService"),
        )
    ]
    for name in filter(None, named):
        if name not in services:
            yield _STRATEGY, f"the Service {name}", "a Service of this bundle"
        for key, value in (dig(services.get(name), "spec", "selector") or {}).items():
            if labels.get(key) != value:
                found = f"the Service {name} with another {key}"
                yield _STRATEGY, found, "the pod template's labels"


def _none(value: Any, default: str) -> bool:
    text = str(default if value is None else value).removesuffix("%")
    return text.isdigit() and int(text) == 0
