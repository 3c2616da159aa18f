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
    [
        "minimum",
        "minimumRatio",
        "confidence",
        "minimumRequests",
        "minimumRows",
        "keepWatching",
        "rate",
        "scale",
        "share",
    ]
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
        "maximumRuns",
        "tolerance",
    ]
)
# From the laxest to the strictest.
_ORDERS: Mapping[str, tuple[Any, ...]] = {
    "required": (False, True),
    "onInconclusive": ("allow", "refuse"),
    "correction": ("none", "bonferroni"),
    "decision": ("alarm", "assure"),
    "smallGroups": ("report", "inconclusive", "fail"),
    "onDeadline": ("pause", "abort"),
    "firstReleaseRegressed": ("keep", "stop"),
    "onManualAbort": ("propose", "revert"),
}
_FEWER = frozenset(["sources", "evaluations", "gates", "except"])  # what is permitted
_MORE = frozenset(["slices", "by"])  # what is looked at, each by itself
_FREE = frozenset(["budget", "starts"])  # what a measurement may cost; too little decides nothing
# Checks of which `false` says that there is none, and `true` that there is one as by default.
_CHECKS: Mapping[str, Mapping[str, Any]] = {
    "overlap": {"maximum": "1%"},
    "drift": {"maximum": 0.25, "minimumRows": 500},
}

KNOWN = _UP | _DOWN | set(_ORDERS) | _FEWER | _MORE | _FREE | set(_CHECKS) | {"latency"}

# What holds of a gate whose entry doesn't say it, as far as another word could loosen it.
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "data": {"leakage": {"except": []}, **dict.fromkeys(_CHECKS, True)},
    "fairness": {"decision": "alarm", "smallGroups": "inconclusive"},
}
# What only adds to what is asked, and so may be said where the pack says nothing. All else, such as
# the class that a metric is of, would make another judgement of the pack's.
_ADDED = frozenset(
    [
        *("minimum", "maximum", "maximumDifference", "minimumRatio", "champion", "objectives"),
        *("slices", "perturbations", *_FREE, "watch", "waiverRules", "exam"),
    ]
)


def defaults(gate: Any) -> Mapping[str, Any]:
    """What a gate of this kind keeps to where its entry says nothing."""
    return {"required": True, **_DEFAULTS.get(str(gate), {})}


def in_full(key: Key, value: Any) -> Any:
    """A check with all that it leaves to a default; any other value as it is."""
    if key not in _CHECKS or value is False:
        return value
    return {**_CHECKS[str(key)], **(value if isinstance(value, Mapping) else {})}


def may_be_added(keys: tuple[Key, ...]) -> bool:
    """Whether what ``keys`` lead to may be said where the pack says nothing."""
    return not _ADDED.isdisjoint(keys)


def alarms(of_pack: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether a judgement that the pack's gate asks for passes unless something is shown: more
    confidence then lets more pass, and less of it calls fewer groups too small to judge."""
    match of_pack.get("gate"):
        case "accuracy":
            return bool(of_pack.get("slices"))
        case "fairness":
            decision = {**defaults("fairness"), **of_pack, **own}["decision"]
            return decision == "alarm" and bool({"maximumDifference", "minimumRatio"} & {*of_pack})
        case "data":
            return of_pack.get("drift") is not False
    return False


def expected(keys: tuple[Key, ...], own: Any, packs: Any) -> str:
    """What would be strict enough, where ``own`` is laxer than ``packs``; else empty.

    ``keys`` lead to the value in a gate or in ``spec``. A key without a known direction must stay
    as it is in the pack, so that a key which is new can't be loosened by being forgotten here.
    """
    key = next((str(each) for each in reversed(keys) if each in KNOWN), "")
    if key in _FREE or own == packs or (key in _CHECKS and packs is False):
        return ""
    if key in _ORDERS:
        order = _ORDERS[key]
        fine = own in order and order.index(own) >= order.index(packs)
        return "" if fine else f"{show(packs)} or stricter"
    if key in _FEWER:
        wanted = f"nothing beyond {_listed(packs)}" if packs else "nothing"
        return "" if _items(own) <= _items(packs) else wanted
    if key in _MORE:
        return "" if _items(own) >= _items(packs) else f"at least {_listed(packs)}"
    if key in _CHECKS and own is False:
        return "the check, as the pack has it or stricter"
    if key == "latency":
        fine = _largest(own) <= _largest(packs)
        return "" if fine else f"no bound above {_listed(packs[-1:])}"
    ours, theirs = _comparable(own, packs)
    if key in _UP and ours is not None and theirs is not None:
        return "" if ours >= theirs else f"{packs} or more"
    if key in _DOWN and ours is not None and theirs is not None:
        return "" if ours <= theirs else f"{packs} or less"
    return f"exactly {_listed(packs)}" if isinstance(packs, list) else show(packs)


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
