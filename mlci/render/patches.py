"""``serving.patches``: merge patches (RFC 7386) of what was rendered, within what is not mlci's.

Unlike there, lists whose items all have names are merged item by item, and mounts by their path:
a second container doesn't need a copy of the first.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlci.errors import BadInput
from mlci.records.release import Release
from mlci.records.serving import Patch
from mlci.render.containers import SERVER
from mlci.render.fault import Path, dig

Object = dict[str, Any]
_POD: Path = ("spec", "template", "spec")
_CANARY: Path = ("spec", "strategy", "canary")
_BLUE_GREEN: Path = ("spec", "strategy", "blueGreen")
_META: Path = ("spec", "template", "metadata")
_ALWAYS: tuple[Path, ...] = (
    ("apiVersion",),
    ("kind",),
    ("metadata", "name"),
    ("metadata", "namespace"),
)
# What the manifest and mlci say, and no patch may say otherwise.
_OWNED: Mapping[str, tuple[Path, ...]] = {
    "Rollout": (
        *(
            ("spec", key)
            for key in ("replicas", "selector", "minReadySeconds", "progressDeadlineSeconds")
        ),
        *(("spec", key) for key in ("paused", "restartAt", "rollbackWindow", "analysis")),
        *((*_CANARY, key) for key in ("steps", "analysis", "stableService", "canaryService")),
        *((*_CANARY, key) for key in ("trafficRouting", "scaleDownDelaySeconds", "pingPong")),
        *((*_BLUE_GREEN, key) for key in ("activeService", "previewService")),
        *((*_BLUE_GREEN, key) for key in ("prePromotionAnalysis", "postPromotionAnalysis")),
        *((*_BLUE_GREEN, key) for key in ("autoPromotionEnabled", "scaleDownDelaySeconds")),
        (*_POD, "initContainers"),
        (*_POD, "automountServiceAccountToken"),
        *((*_POD, "volumes", f"mlci-{name}") for name in ("admissions", "model", "tmp")),
        *((*_POD, "containers", SERVER, key) for key in ("image", "command", "args", "ports")),
        (*_POD, "containers", SERVER, "resources"),
    ),
    "Service": (("spec", "selector"), ("spec", "ports", "v2")),
    "AnalysisTemplate": (("spec", "args"),),
    "HTTPRoute": (("spec", "parentRefs"), ("spec", "rules")),
    "PodDisruptionBudget": (("spec", "selector"),),
    "NetworkPolicy": (("spec", "podSelector"), ("spec", "policyTypes")),
    "PodMonitor": (("spec", "selector"), ("spec", "podTargetLabels")),
}
_OWN_LABEL = ("mlci.dev/", "app.kubernetes.io/managed-by")


def patched(
    objects: Sequence[Object], release: Release
) -> tuple[list[Object], list[BadInput], dict[tuple[str, str], int]]:
    """The objects with the release's patches, what is wrong with these, and which one came last
    to the object of a kind and name."""
    result = list(objects)
    problems: list[BadInput] = []
    last: dict[tuple[str, str], int] = {}
    for index, patch in enumerate(release.serving.patches):
        targets = [at for at, each in enumerate(result) if _is_meant(patch, each)]
        if not targets:
            problems.append(_no_target(release, index, patch, result))
        for at in targets:
            before = result[at]
            after = merged(before, patch.patch)
            last[before["kind"], before["metadata"]["name"]] = index
            wrong = list(_taken(release, index, before, after))
            problems += wrong
            result[at] = before if wrong else after
    return result, problems, last


def merged(target: Any, patch: Any) -> Any:
    """``target`` with the patch: null removes a key, a mapping goes into a mapping, named items
    into named items, and all else replaces."""
    if isinstance(patch, Mapping):
        result = dict(target) if isinstance(target, Mapping) else {}
        for key, value in patch.items():
            if value is None:
                result.pop(key, None)
            else:
                result[key] = merged(result.get(key), value)
        return result
    if isinstance(patch, list) and isinstance(target, list):
        for key in ("mountPath", "name"):
            if _keyed(patch, key) and _keyed(target, key):
                return _merged_by(key, target, patch)
    return patch


def _merged_by(key: str, target: list[Any], patch: list[Any]) -> list[Any]:
    result = {each[key]: each for each in target}
    for each in patch:
        result[each[key]] = merged(result.get(each[key]), each)
    return list(result.values())


def _keyed(items: list[Any], key: str) -> bool:
    return all(isinstance(each, Mapping) and isinstance(each.get(key), str) for each in items)


def _is_meant(patch: Patch, target: Object) -> bool:
    return target["kind"] == patch.kind and patch.name in (None, target["metadata"]["name"])


def _no_target(release: Release, index: int, patch: Patch, objects: Sequence[Object]) -> BadInput:
    there = ", ".join(f"{each['kind']} {each['metadata']['name']}" for each in objects)
    return BadInput(
        place=release.source.at("spec", "serving", "patches", index),
        found=f"a patch of {patch.kind}{f' {patch.name!r}' if patch.name else ''}",
        expected=f"one of what is rendered: {there}",
    )


def _taken(release: Release, index: int, before: Object, after: Object) -> Iterator[BadInput]:
    for path in _owned(before):
        if dig(before, *path) != dig(after, *path):
            yield BadInput(
                place=release.source.at("spec", "serving", "patches", index, "patch", *path),
                found=f"a patch of {'.'.join(map(str, path))}",
                expected="a patch of what mlci doesn't decide",
                next_step="say it in the manifest, if it can be said there",
            )


def _owned(target: Object) -> Iterator[Path]:
    yield from _ALWAYS
    yield from _OWNED.get(target["kind"], ())
    for where in (("metadata", "labels"), (*_META, "labels"), (*_META, "annotations")):
        for key in dig(target, *where) or ():
            if key.startswith(_OWN_LABEL):
                yield (*where, key)
    if target["kind"] == "Rollout":
        for each in dig(target, *_POD, "containers", SERVER, "env"):
            if each["name"].startswith("MLCI_"):
                yield (*_POD, "containers", SERVER, "env", each["name"])
    if target["kind"] == "AnalysisTemplate":
        for each in target["spec"]["metrics"]:
            yield ("spec", "metrics", each["name"])
