"""Columns of an exam that mean one thing each."""

from typing import Any

from mlci.manifest.document import Reading, dig
from mlci.manifest.problems import Problems, show
from mlci.manifest.yaml import Keys

EXPECTATIONS: Keys = ("spec", "expectations")


def check(reading: Reading) -> None:
    """Adds what is wrong with the meaning of whatever could be read."""
    _check(reading.value, reading.problems)
    if dig(reading.value, *EXPECTATIONS) is not None:
        from mlci.manifest.meaning import expectations

        expectations.check(reading.value, reading.problems)


def _check(value: Any, problems: Problems) -> None:
    for name in ("cluster", "weight"):
        if (column := dig(value, "spec", name)) and column == dig(value, "spec", "label"):
            problems.add(("spec", name), f"the label {show(column)}", "a column of its own")
    label, sensitive = dig(value, "spec", "label"), dig(value, "spec", "sensitive")
    if isinstance(label, str) and isinstance(sensitive, list) and label in sensitive:
        keys = ("spec", "sensitive", sensitive.index(label))
        problems.add(keys, f"the label {show(label)}", "columns other than the label")
