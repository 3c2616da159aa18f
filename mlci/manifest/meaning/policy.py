"""Gates, rules and waivers that fit together, and a watch that can decide."""

from typing import Any

from mlci.manifest.document import Reading, dig
from mlci.manifest.meaning.gates import check_gates
from mlci.manifest.meaning.rules import check_rules
from mlci.manifest.meaning.waivers import check_waivers
from mlci.manifest.problems import Problems
from mlci.manifest.quantities import amount
from mlci.records.units import seconds, share


def check(reading: Reading) -> None:
    """Adds what is wrong with the meaning of whatever could be read."""
    check_gates(reading.value, reading.problems)
    check_rules(reading.value, reading.source, reading.problems)
    check_waivers(reading.value, reading.problems)
    _check_watch(reading.value, reading.problems)


def _check_watch(value: Any, problems: Problems) -> None:
    keys = ("spec", "watch")
    watch = dig(value, *keys)
    for name in ("errorBudget", "latencyBudget"):
        budget = amount(share, dig(watch, name))
        if budget in (0.0, 1.0):
            problems.add((*keys, name), f"{budget:.0%}", "a share between 0% and 100%")
    if amount(seconds, dig(watch, "deadline")) == 0:
        problems.add((*keys, "deadline"), "no time at all", "a duration above 0s")
    bounds = dig(watch, "latency")
    before = 0.0
    for index, text in enumerate(bounds if isinstance(bounds, list) else []):
        bound = amount(seconds, text)
        if bound is not None:
            if bound <= before:
                expected = "bounds above 0s that ascend"
                problems.add((*keys, "latency", index), f"{text} after {before:g}s", expected)
            before = bound
