"""Documents of Argo Rollouts -> records. What lacks anything needed is Broken, never a guess.

Freshness, phases and pauses are read as the controller writes them: ``observedGeneration`` is a
string, an abort has no step, and the reason of a pause stands in ``pauseConditions``, not in the
message.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlci.errors import Broken
from mlci.records.labels import HASH
from mlci.records.live import AnalysisKind, LiveAnalysis, LiveMetric, LiveRollout

KIND, STEP = "rollout-type", "step-index"  # labels of an AnalysisRun
_REVISION = "rollout.argoproj.io/revision"  # an annotation of the controller's
_DIGEST = "digest"  # the analyses' argument that names a manifest

Document = Mapping[str, Any]


def read_rollout(document: Document) -> LiveRollout:
    """Raises Broken with the object's name."""
    name = name_of(document)
    try:
        return _rollout(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _broken(f"Rollout {name}", error) from None


def read_analysis(document: Document) -> LiveAnalysis:
    """Raises Broken with the object's name."""
    name = name_of(document)
    try:
        return _analysis(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _broken(f"AnalysisRun {name}", error) from None


def name_of(document: Document) -> str:
    """Raises Broken for what has none."""
    try:
        return str(document["metadata"]["name"])
    except (KeyError, TypeError):
        raise _broken("an object of the cluster", KeyError("metadata.name")) from None


def rollout_of(document: Document) -> str:
    """The name of the Rollout whose AnalysisRun this is; empty where it has no such owner."""
    try:
        owners = document["metadata"].get("ownerReferences") or ()
        return next((str(each["name"]) for each in owners if each["kind"] == "Rollout"), "")
    except (KeyError, TypeError, AttributeError):
        return ""


def _rollout(document: Document) -> LiveRollout:
    metadata, spec = document["metadata"], document["spec"]
    status = document.get("status") or {}
    blue_green = "blueGreen" in spec["strategy"]
    strategy = spec["strategy"]["blueGreen" if blue_green else "canary"] or {}
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    invalid = conditions.get("InvalidSpec", {})
    progress = conditions.get("Progressing", {})
    colours = status.get("blueGreen") or {}
    step = status.get("currentStepIndex")
    return LiveRollout(
        name=str(metadata["name"]),
        uid=str(metadata["uid"]),
        version=str(metadata["resourceVersion"]),
        settled=_observed(status) == int(metadata["generation"]),
        template=_mapping(spec["template"]),
        digests=tuple(dict.fromkeys(_digests(strategy))),
        revision=int((metadata.get("annotations") or {}).get(_REVISION, 0)),
        current_hash=str(status.get("currentPodHash", "")),
        stable_hash=str(status.get("stableRS", "")),
        phase=str(status.get("phase", "")),
        message=str(status.get("message", "")),
        aborted=bool(status.get("abort", False)),
        aborted_at=str(status.get("abortedAt") or ""),
        step=None if step is None else int(step),
        steps=tuple(_mapping(each) for each in strategy.get("steps") or ()),
        paused_for=tuple(str(each["reason"]) for each in status.get("pauseConditions") or ()),
        controller_paused=bool(status.get("controllerPause", False)),
        spec_paused=bool(spec.get("paused", False)),
        invalid=str(invalid.get("message", "")) if invalid.get("status") == "True" else "",
        late=progress.get("reason") == "ProgressDeadlineExceeded",
        weights=_weights(status.get("canary") or {}),
        blue_green=blue_green,
        active_hash=str(colours.get("activeSelector", "")),
        preview_hash=str(colours.get("previewSelector", "")),
        available=int(status.get("availableReplicas", 0)),
        desired=int(spec.get("replicas", 1)),
        strategy=_mapping(spec["strategy"]),
    )


def _analysis(document: Document) -> LiveAnalysis:
    metadata, status = document["metadata"], document.get("status") or {}
    labels = metadata["labels"]
    kind = AnalysisKind(labels[KIND])
    rollout = rollout_of(document)
    if not rollout:
        raise KeyError("metadata.ownerReferences[kind=Rollout]")
    return LiveAnalysis(
        name=str(metadata["name"]),
        rollout=rollout,
        template_hash=str(labels[HASH]),
        kind=kind,
        step=int(labels[STEP]) if kind is AnalysisKind.STEP else None,
        phase=str(status.get("phase", "")),
        message=str(status.get("message", "")),
        started_at=str(status.get("startedAt") or ""),
        metrics=tuple(_metric(each) for each in status.get("metricResults") or ()),
    )


def _metric(found: Document) -> LiveMetric:
    measured: Sequence[Document] = found.get("measurements") or ({},)
    return LiveMetric(
        name=str(found["name"]),
        phase=str(found["phase"]),
        value=str(measured[-1].get("value", "")),
        message=str(found.get("message") or measured[-1].get("message", "")),
    )


def _digests(strategy: Document) -> Iterator[str]:
    """Of every analysis that the strategy names."""
    analyses = [
        *(strategy.get(key) for key in ("analysis", "prePromotionAnalysis")),
        *(step.get("analysis") for step in strategy.get("steps") or ()),
        strategy.get("postPromotionAnalysis"),
    ]
    for analysis in analyses:
        for arg in (analysis or {}).get("args") or ():
            if arg["name"] == _DIGEST and arg.get("value"):
                yield str(arg["value"])


def _weights(canary: Document) -> tuple[int, int] | None:
    found = canary.get("weights")
    if not found:
        return None
    return int(found["canary"]["weight"]), int(found["stable"]["weight"])


def _observed(status: Document) -> int:
    """The generation that the controller has seen; -1 before the first."""
    return int(status.get("observedGeneration") or -1)


def _mapping(found: Any) -> Document:
    if not isinstance(found, Mapping):
        raise TypeError(f"{type(found).__name__} where a mapping belongs")
    return found


def _broken(place: str, error: Exception) -> Broken:
    lacking = f"no {error.args[0]}" if isinstance(error, KeyError) else str(error)
    return Broken(
        place=place,
        found=lacking,
        expected="a document of argoproj.io/v1alpha1, as Argo Rollouts 1.9 writes it",
        next_step="see `kubectl get -o yaml`, and the version of Argo Rollouts",
    )
