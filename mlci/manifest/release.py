"""``releases/<model>/<environment>.yaml`` -> Release."""

from collections.abc import Mapping
from typing import Any

from mlci.manifest.document import Reading, dig, mappings, read
from mlci.manifest.problems import Problems, one_of, show
from mlci.records.metric import BINARY, REGRESSION
from mlci.records.release import Model, Release, Step
from mlci.records.units import seconds

# What the gates of this version can measure; the schema knows the words that are reserved.
GATED_FORMATS = ("onnx", "predictions")
RESERVED = ("skops", "v2")

# A release that doesn't say how: few requests at risk first, and time to see them go wrong.
DEFAULT_STEPS = (Step(weight=10, bake=300.0), Step(weight=50, bake=300.0))


def parse_release(path: str, content: bytes) -> Release:
    """Raises Invalid with every problem of the file."""
    return typed(read(path, content, "ModelRelease"))


def check(reading: Reading) -> None:
    """Adds what is wrong with the meaning of whatever could be read."""
    _check_measurable(reading.value, reading.problems)
    _check_steps(reading.value, reading.problems)


def typed(reading: Reading) -> Release:
    check(reading)
    reading.problems.raise_if_any()
    metadata, spec = reading.value["metadata"], reading.value["spec"]
    return Release(
        source=reading.source,
        name=metadata["name"],
        environment=metadata["environment"],
        version=spec["version"],
        task=spec["task"],
        model=_model(spec["model"]),
        evaluation=spec["evaluation"],
        replicas=int(spec.get("serving", {}).get("replicas", 1)),
        steps=_steps(spec.get("rollout")),
        lineage=spec.get("lineage", {}),
        governance=spec.get("governance", {}),
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


def _steps(rollout: Mapping[str, Any] | None) -> tuple[Step, ...]:
    if rollout is None:
        return DEFAULT_STEPS
    return tuple(
        Step(weight=int(step["weight"]), bake=seconds(step["bake"])) for step in rollout["steps"]
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


def _check_steps(value: Any, problems: Problems) -> None:
    before = 0
    for index, step in mappings(value, "spec", "rollout", "steps"):
        weight = step.get("weight")
        if isinstance(weight, int):
            if 0 < weight <= before:
                keys = ("spec", "rollout", "steps", index, "weight")
                expected = f"weights that ascend: more than {before}"
                problems.add(keys, f"{weight} after {before}", expected)
            before = weight
