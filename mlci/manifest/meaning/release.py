"""A release that this version can measure, serve and deliver."""

from typing import Any

from mlci.manifest.document import Reading, dig
from mlci.manifest.meaning.rollout import check_rollout
from mlci.manifest.meaning.serving import check_serving
from mlci.manifest.problems import Problems, one_of, show
from mlci.records.metric import BINARY, REGRESSION

# What the gates of this version can measure; the schema knows the words that are reserved.
GATED_FORMATS = ("onnx", "predictions")
RESERVED = ("skops", "v2")


def check(reading: Reading) -> None:
    """Adds what is wrong with the meaning of whatever could be read."""
    _check_measurable(reading.value, reading.problems)
    check_serving(reading.value, reading.problems)
    check_rollout(reading.value, reading.problems)


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
