"""``evaluations/<name>.yaml`` -> EvaluationSet."""

from typing import Any

from mlci.manifest import expectations
from mlci.manifest.document import Reading, dig, read
from mlci.manifest.problems import Problems, show
from mlci.records.evaluation_set import EvaluationSet


def parse_evaluation_set(path: str, content: bytes) -> EvaluationSet:
    """Raises Invalid with every problem of the file."""
    return typed(read(path, content, "EvaluationSet"))


def check(reading: Reading) -> None:
    """Adds what is wrong with the meaning of whatever could be read."""
    _check(reading.value, reading.problems)
    expectations.check(reading.value, reading.problems)


def typed(reading: Reading) -> EvaluationSet:
    check(reading)
    reading.problems.raise_if_any()
    spec = reading.value["spec"]
    return EvaluationSet(
        source=reading.source,
        name=reading.value["metadata"]["name"],
        uri=spec["uri"],
        digest=spec["digest"],
        label=spec["label"],
        positive=spec.get("positive"),
        sensitive=tuple(spec.get("sensitive", ())),
        cluster=spec.get("cluster"),
        weight=spec.get("weight"),
        expectations=expectations.typed(spec.get("expectations", {})),
    )


def _check(value: Any, problems: Problems) -> None:
    for name in ("cluster", "weight"):
        if (column := dig(value, "spec", name)) and column == dig(value, "spec", "label"):
            problems.add(("spec", name), f"the label {show(column)}", "a column of its own")
    label, sensitive = dig(value, "spec", "label"), dig(value, "spec", "sensitive")
    if isinstance(label, str) and isinstance(sensitive, list) and label in sensitive:
        keys = ("spec", "sensitive", sensitive.index(label))
        problems.add(keys, f"the label {show(label)}", "columns other than the label")
