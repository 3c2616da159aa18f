"""What a policy asks of its gates: metrics that fit, limits that can be met, names that differ."""

from collections.abc import Mapping
from typing import Any

from mlci.manifest.document import dig, mappings
from mlci.manifest.problems import Problems, one_of, show
from mlci.manifest.quantities import amount, number
from mlci.records.judgement import LimitKind
from mlci.records.metric import METRICS, Direction, Metric
from mlci.records.source import Key
from mlci.records.units import per_second, seconds, share

_MINIMUM, _MAXIMUM = LimitKind.MINIMUM.value, LimitKind.MAXIMUM.value
_GAPS = (LimitKind.MAXIMUM_DIFFERENCE.value, LimitKind.MINIMUM_RATIO.value)

Entry = Mapping[str, Any]
Keys = tuple[Key, ...]


def check_gates(value: Any, problems: Problems) -> None:
    seen: dict[tuple[object, ...], int] = {}
    for index, entry in mappings(value, "spec", "gates"):
        keys: Keys = ("spec", "gates", index)
        match entry.get("gate"):
            case "accuracy":
                _check_accuracy(entry, keys, problems)
            case "fairness":
                _check_fairness(entry, keys, problems)
            case "load":
                _check_load(entry, keys, problems)
            case _:
                continue
        for limit in _limits(entry):
            first = seen.setdefault(limit, index)
            if first != index:
                found = f"the same {limit[-1]} as in gates[{first}]"
                problems.add(keys, found, "each limit once, or a `name` that tells them apart")
                break


def _limits(entry: Entry) -> list[tuple[object, ...]]:
    """What tells one judgement of a policy from another."""
    name = str(entry.get("name", entry["gate"]))
    if entry["gate"] == "load":
        objectives = [(name, f"objective {each}") for each in dig(entry, "objectives") or {}]
        ratios = dig(entry, "champion", "maximumRatio") or {}
        return [*objectives, *((name, f"maximumRatio of {each}") for each in ratios)]
    kinds = [kind for kind in (_MINIMUM, _MAXIMUM, *_GAPS) if kind in entry]
    kinds += ["margin"] if "champion" in entry else []
    return [(name, f"{kind} of {entry.get('metric')}") for kind in kinds]


def _one_limit(entry: Entry, keys: Keys, limits: tuple[str, str], problems: Problems) -> None:
    given = [limit for limit in limits if limit in entry]
    if len(given) == 2:
        problems.add((*keys, given[1]), f"both {given[0]} and {given[1]}", "one of them")
    elif not given and "champion" not in entry:
        problems.add(keys, "a gate without a limit", one_of([*limits, "champion"]))


def _check_accuracy(entry: Entry, keys: Keys, problems: Problems) -> None:
    _one_limit(entry, keys, (_MINIMUM, _MAXIMUM), problems)
    metric = METRICS.get(str(entry.get("metric")))
    if metric is None or "accuracy" not in metric.gates:
        return
    # A limit on the wrong side would let through exactly what it was written against.
    wrong = _MAXIMUM if metric.direction is Direction.HIGHER else _MINIMUM
    right = _MINIMUM if wrong == _MAXIMUM else _MAXIMUM
    if wrong in entry:
        found = f"a {wrong} of {metric.name}, where {metric.direction.value} is better"
        problems.add((*keys, wrong), found, show(right))
    for limit in (_MINIMUM, _MAXIMUM):
        _in_range(number(entry.get(limit)), metric.low, metric.high, (*keys, limit), problems)
    _margin(entry, metric, keys, problems)


def _check_fairness(entry: Entry, keys: Keys, problems: Problems) -> None:
    _one_limit(entry, keys, _GAPS, problems)
    metric = METRICS.get(str(entry.get("metric")))
    if metric is not None:
        _margin(entry, metric, keys, problems)


def _check_load(entry: Entry, keys: Keys, problems: Problems) -> None:
    if "objectives" not in entry and "champion" not in entry:
        problems.add(keys, "a gate without a limit", one_of(["objectives", "champion"]))
    if amount(per_second, entry.get("rate")) == 0:
        problems.add((*keys, "rate"), show(entry["rate"]), "a rate above 0/s")
    if amount(seconds, entry.get("budget")) == 0:
        problems.add((*keys, "budget"), show(entry["budget"]), "a duration above 0s")
    objectives = dig(entry, "objectives")
    for name, text in objectives.items() if isinstance(objectives, dict) else ():
        unit = share if name == "errorRate" else seconds
        if amount(unit, text) == 0:
            problems.add((*keys, "objectives", name), show(text), "an objective above 0")


def _margin(entry: Entry, metric: Metric, keys: Keys, problems: Problems) -> None:
    width = None if metric.low is None or metric.high is None else metric.high - metric.low
    margin = number(dig(entry, "champion", "margin"))
    _in_range(margin, 0.0, width, (*keys, "champion", "margin"), problems)


def _in_range(
    value: float | None, low: float | None, high: float | None, keys: Keys, problems: Problems
) -> None:
    below = value is not None and low is not None and value < low
    above = value is not None and high is not None and value > high
    if below or above:
        expected = " and ".join(
            [f"{low:g} or more"] * (low is not None) + [f"{high:g} or less"] * (high is not None)
        )
        problems.add(keys, f"{value:g}", expected)
