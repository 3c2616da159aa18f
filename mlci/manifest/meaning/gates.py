"""What a policy asks of its gates: metrics that fit, limits that can be met, names that differ."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from mlci.manifest.document import dig, mappings
from mlci.manifest.meaning.gate_robustness import check_robustness, limits_of_robustness
from mlci.manifest.meaning.gate_size import check_size, limits_of_size
from mlci.manifest.problems import Problems, one_of, show
from mlci.manifest.quantities import amount, number
from mlci.plugins import metrics
from mlci.records.limit import LimitKind
from mlci.records.metric import OF_CLASS, OF_QUANTILE, Direction, Family, Metric
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
            case "data":
                pass
            case "fairness":
                _check_fairness(entry, keys, problems)
            case "load":
                _check_load(entry, keys, problems)
            case "robustness":
                check_robustness(entry, keys, problems)
            case "size":
                check_size(entry, keys, problems)
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
    if entry["gate"] == "data":
        return [(name, "checks of the data")]
    if entry["gate"] == "load":
        objectives = [(name, f"objective {each}") for each in _each(dig(entry, "objectives"))]
        ratios = _each(dig(entry, "champion", "maximumRatio"))
        return [*objectives, *((name, f"maximumRatio of {each}") for each in ratios)]
    if entry["gate"] == "robustness":
        return [(name, limit) for limit in limits_of_robustness(entry)]
    if entry["gate"] == "size":
        return [(name, limit) for limit in limits_of_size(entry)]
    kinds = [kind for kind in (_MINIMUM, _MAXIMUM, *_GAPS) if kind in entry]
    kinds += ["margin"] if "champion" in entry else []
    of = (
        f"{entry.get('metric')} of class {entry['class']}"
        if "class" in entry
        else entry.get("metric")
    )
    return [(name, f"{kind} of {of}") for kind in kinds]


def _each(value: Any) -> list[Any]:
    """The keys or items of a collection; of what should have been one, none."""
    return list(value) if isinstance(value, dict | list) else []


def _one_limit(entry: Entry, keys: Keys, limits: tuple[str, str], problems: Problems) -> None:
    given = [limit for limit in limits if limit in entry]
    if len(given) == 2:
        problems.add((*keys, given[1]), f"both {given[0]} and {given[1]}", "one of them")
    elif not given and "champion" not in entry:
        problems.add(keys, "a gate without a limit", one_of([*limits, "champion"]))


def _check_accuracy(entry: Entry, keys: Keys, problems: Problems) -> None:
    _one_limit(entry, keys, (_MINIMUM, _MAXIMUM), problems)
    metric = metrics.find(entry.get("metric"))
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
    _check_of(entry, metric, keys, problems)
    for at, each in enumerate(_each(dig(entry, "slices"))):
        edges = [number(edge) for edge in _each(dig(each, "bins"))]
        for index, (low, high) in enumerate(pairwise(edges)):
            if low is not None and high is not None and high <= low:
                found = f"{high:g} after {low:g}"
                problems.add((*keys, "slices", at, "bins", index + 1), found, "edges that ascend")


def _check_of(entry: Entry, metric: Metric, keys: Keys, problems: Problems) -> None:
    """``class`` and ``quantile`` say of what; other metrics have none."""
    if "class" in entry and metric.name not in OF_CLASS:
        found = f"a class, and {metric.name} is of all classes"
        problems.add((*keys, "class"), found, f"it with {one_of(sorted(OF_CLASS))}")
    if metric.name in OF_QUANTILE and "quantile" not in entry:
        problems.add(keys, f"{metric.name} without a quantile", "which one, such as quantile: 0.9")
    if "quantile" in entry and metric.name not in OF_QUANTILE:
        found = f"a quantile, and {metric.name} has none"
        problems.add((*keys, "quantile"), found, f"it with {one_of(sorted(OF_QUANTILE))}")


def _check_fairness(entry: Entry, keys: Keys, problems: Problems) -> None:
    _one_limit(entry, keys, _GAPS, problems)
    metric = metrics.find(entry.get("metric"))
    if metric is None or "fairness" not in metric.gates:
        return
    if metric.family is Family.BROUGHT:
        for key in ("minimumRatio", "champion"):
            if key in entry:
                found = f"{key} of {metric.name}, which a package brings"
                wanted = "maximumDifference, which is all that its resamples bound"
                problems.add((*keys, key), found, wanted)
        return
    _margin(entry, metric, keys, problems)
    _check_of(entry, metric, keys, problems)
    difference, ratio = _GAPS
    if metric.family is Family.PROPORTION:
        _in_range(number(entry.get(difference)), 0.0, 1.0, (*keys, difference), problems)
    if ratio in entry and metric.low is None:
        found = f"a ratio of {metric.name}, which may be negative"
        problems.add((*keys, ratio), found, show(difference))


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
    for path in (("champion", "margin"), ("champion", "anchor", "margin")):
        _in_range(number(dig(entry, *path)), 0.0, width, (*keys, *path), problems)


def _in_range(
    value: float | None, low: float | None, high: float | None, keys: Keys, problems: Problems
) -> None:
    below = value is not None and low is not None and value < low
    above = value is not None and high is not None and value > high
    if below or above:
        ends = ((low, "or more"), (high, "or less"))
        expected = " and ".join(f"{end:g} {side}" for end, side in ends if end is not None)
        problems.add(keys, f"{value:g}", expected)
