"""Whether a policy's value is at least as strict as the pack's: the direction of every key."""

import json
from collections.abc import Mapping
from typing import Any

from mlci.manifest.problems import show
from mlci.manifest.quantities import amount
from mlci.records.source import Key
from mlci.records.units import per_second, seconds, share, size

# The greater, the stricter: more must be reached, shown, seen or sent.
_UP = frozenset(
    ["minimum", "minimumRatio", "confidence", "minimumRequests", "keepWatching", "rate"]
)
# The smaller, the stricter: less is permitted.
_DOWN = frozenset(
    [
        "maximum",
        "margin",
        "maximumDifference",
        "maximumRatio",
        "objectives",
        "harm",
        "tolerated",
        "errorBudget",
        "latencyBudget",
        "deadline",
        "maximumDays",
    ]
)
# From the laxest to the strictest.
_ORDERS: Mapping[str, tuple[Any, ...]] = {
    "required": (False, True),
    "onInconclusive": ("allow", "refuse"),
    "decision": ("alarm", "assure"),
    "smallGroups": ("report", "inconclusive", "fail"),
    "onDeadline": ("pause", "abort"),
    "firstReleaseRegressed": ("keep", "stop"),
}
_FEWER = frozenset(["sources", "evaluations", "gates"])  # what is permitted
_MORE = frozenset(["slices", "by"])  # what is looked at
_FREE = frozenset(["budget"])  # seconds that a measurement may take; too few decide nothing

KNOWN = _UP | _DOWN | set(_ORDERS) | _FEWER | _MORE | _FREE | {"latency"}


def expected(keys: tuple[Key, ...], own: Any, packs: Any) -> str:
    """What would be strict enough, where ``own`` is laxer than ``packs``; else empty.

    ``keys`` lead to the value in a gate or in ``spec``. A key without a known direction must stay
    as it is in the pack, so that a key which is new can't be loosened by being forgotten here.
    """
    key = next((str(each) for each in reversed(keys) if each in KNOWN), "")
    if key in _FREE or own == packs:
        return ""
    if key in _ORDERS:
        order = _ORDERS[key]
        fine = own in order and order.index(own) >= order.index(packs)
        return "" if fine else f"{show(packs)} or stricter"
    if key in _FEWER:
        return "" if _items(own) <= _items(packs) else f"nothing beyond {_listed(packs)}"
    if key in _MORE:
        return "" if _items(own) >= _items(packs) else f"at least {_listed(packs)}"
    if key == "latency":
        fine = _largest(own) <= _largest(packs)
        return "" if fine else f"no bound above {_listed(packs[-1:])}"
    ours, theirs = _comparable(own, packs)
    if key in _UP and ours is not None and theirs is not None:
        return "" if ours >= theirs else f"{packs} or more"
    if key in _DOWN and ours is not None and theirs is not None:
        return "" if ours <= theirs else f"{packs} or less"
    return show(packs)


def _comparable(own: Any, packs: Any) -> tuple[float | None, float | None]:
    """Both in the first unit that reads both, or None twice."""
    for unit in (_number, share, seconds, per_second, size):
        ours, theirs = amount(unit, own), amount(unit, packs)
        if ours is not None and theirs is not None and not isinstance(own, bool):
            return ours, theirs
    return None, None


def _number(value: Any) -> float:
    if isinstance(value, str):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _largest(bounds: Any) -> float:
    read = [amount(seconds, each) for each in bounds] if isinstance(bounds, list) else []
    return max((each for each in read if each is not None), default=float("inf"))


def _items(values: Any) -> frozenset[str]:
    listed = values if isinstance(values, list) else []
    return frozenset(json.dumps(each, sort_keys=True) for each in listed)


def _listed(values: Any) -> str:
    return ", ".join(show(each) if isinstance(each, str) else json.dumps(each) for each in values)
