"""``releases/<model>/<environment>.yaml`` -> Release."""

from collections.abc import Mapping
from typing import Any

from mlci.manifest.document import Reading, dig, read
from mlci.manifest.problems import Problems, one_of, show
from mlci.manifest.rollout import check_rollout, rollout
from mlci.manifest.serving import check_serving, serving
from mlci.records.metric import BINARY, REGRESSION
from mlci.records.release import Model, Release

# What the gates of this version can measure; the schema knows the words that are reserved.
GATED_FORMATS = ("onnx", "predictions")
RESERVED = ("skops", "v2")


def parse_release(path: str, content: bytes) -> Release:
    """Raises Invalid with every problem of the file."""
    return typed(read(path, content, "ModelRelease"))


def check(reading: Reading) -> None:
    """Adds what is wrong with the meaning of whatever could be read."""
    _check_measurable(reading.value, reading.problems)
    check_serving(reading.value, reading.problems)
    check_rollout(reading.value, reading.problems)


def typed(reading: Reading) -> Release:
    check(reading)
    reading.problems.raise_if_any()
    metadata, spec = reading.value["metadata"], reading.value["spec"]
    served, delivered = serving(spec.get("serving", {})), rollout(spec.get("rollout"))
    return Release(
        source=reading.source,
        name=metadata["name"],
        environment=metadata["environment"],
        version=spec["version"],
        task=spec["task"],
        model=_model(spec["model"]),
        evaluation=spec["evaluation"],
        replicas=served.replicas,
        steps=delivered.weights,
        lineage=spec.get("lineage", {}),
        governance=spec.get("governance", {}),
        rollout=delivered,
        serving=served,
    )


def _model(spec: Mapping[str, Any]) -> Model:
    return Model(
        uri=spec["uri"],
        digest=spec["digest"],
        format=spec["format"],
        inputs={name: tuple(columns) for name, columns in spec.get("inputs", {}).items()},
        outputs=spec.get("outputs", {}),
        classes=tuple(spec.get("classes", ())),
    )


def _check_measurable(value: Any, problems: Problems) -> None:
    keys = ("spec", "model", "format")
    word = dig(value, *keys)
    if word in RESERVED:
        found = f"{show(word)}, which this version of mlci can't gate yet"
        problems.add(keys, found, one_of(GATED_FORMATS))
    classes = dig(value, "spec", "model", "classes")
    if dig(value, "spec", "task") == BINARY and isinstance(classes, list) and len(classes) > 2:
        found = f"{len(classes)} classes"
        problems.add(("spec", "model", "classes"), found, f"two, as the task is {BINARY}")
    if dig(value, "spec", "task") == REGRESSION and classes is not None:
        expected = f"none, as the task is {REGRESSION}"
        problems.add(("spec", "model", "classes"), "classes", expected)
