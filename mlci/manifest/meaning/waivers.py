"""Waivers of gates that there are, for one release, within the policy's limits."""

from collections.abc import Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from mlci.errors import BadInput
from mlci.manifest.document import dig, mappings
from mlci.manifest.problems import Problems, nearest, one_of, problem, show
from mlci.records.defaults import WAIVED_DAYS
from mlci.records.source import Key, Source

Entry = Mapping[str, Any]
Keys = tuple[Key, ...]


def check_waivers(value: Any, problems: Problems) -> None:
    names = [
        str(each.get("name", each.get("gate"))) for _, each in mappings(value, "spec", "gates")
    ]
    allowed = dig(value, "spec", "waiverRules", "gates")
    for index, name in enumerate(allowed if isinstance(allowed, list) else []):
        _known(name, names, ("spec", "waiverRules", "gates", index), problems)
    for index, entry in mappings(value, "spec", "waivers"):
        keys: Keys = ("spec", "waivers", index)
        _known(entry.get("gate"), names, (*keys, "gate"), problems)
        if isinstance(allowed, list) and entry.get("gate") not in allowed:
            expected = one_of(allowed) if allowed else "no waiver: the policy allows none"
            problems.add((*keys, "gate"), f"a waiver of {show(entry.get('gate'))}", expected)
        _check_metric(value, entry, keys, problems)
        _check_release(value, entry, keys, problems)
        _check_days(value, entry, keys, problems)


def days_of_expiry(value: Any) -> dict[int, date]:
    """The last day of each waiver, by its index, as far as it can be read."""
    read = {index: _day(each.get("expires")) for index, each in mappings(value, "spec", "waivers")}
    return {index: day for index, day in read.items() if day is not None}


def expired(source: Source, days: Mapping[int, date], on: date) -> Iterator[BadInput]:
    """The waivers that no longer hold ``on`` that day, each a problem of its policy's text."""
    for index, day in days.items():
        if day < on:
            yield problem(
                source,
                ("spec", "waivers", index, "expires"),
                f"a waiver that expired on {day}",
                "one that still holds",
                "remove it; the judgements that it covered count again",
            )


def _known(name: object, names: list[str], keys: Keys, problems: Problems) -> None:
    if isinstance(name, str) and name not in names:
        expected = f"the name of a gate: {one_of(names)}" if names else "the name of a gate"
        problems.add(keys, show(name), expected, nearest(name, names))


def _check_metric(value: Any, entry: Entry, keys: Keys, problems: Problems) -> None:
    gates = [
        each
        for _, each in mappings(value, "spec", "gates")
        if each.get("name", each.get("gate")) == entry.get("gate")
    ]
    metrics = [str(each.get("metric")) for each in gates]
    named = bool(metrics) and all("metric" in each for each in gates)
    if "metric" in entry and named and entry["metric"] not in metrics:
        close = nearest(entry["metric"], metrics)
        problems.add((*keys, "metric"), show(entry["metric"]), one_of(metrics), close)


def _check_release(value: Any, entry: Entry, keys: Keys, problems: Problems) -> None:
    """One release, which the policy is about."""
    release = dig(entry, "release")
    if not isinstance(release, dict):
        return
    if "version" not in release and "digest" not in release:
        found = "a waiver for every version of a model"
        problems.add((*keys, "release"), found, "a version, or the model's digest")
    for key, patterns, default in (
        ("model", dig(value, "spec", "appliesTo", "models"), ["*"]),
        ("environment", dig(value, "spec", "appliesTo", "environments"), None),
    ):
        named, known = release.get(key), default if patterns is None else patterns
        if not isinstance(named, str) or not isinstance(known, list):
            continue
        if not any(fnmatchcase(named, str(each)) for each in known):
            found = f"{key} {show(named)}, to which the policy doesn't apply"
            problems.add((*keys, "release", key), found, one_of(known), nearest(named, known))


def _check_days(value: Any, entry: Entry, keys: Keys, problems: Problems) -> None:
    granted, expires = _day(entry.get("granted")), _day(entry.get("expires"))
    for key, day in (("granted", granted), ("expires", expires)):
        if day is None and type(entry.get(key)) is str:
            problems.add((*keys, key), show(entry[key]), 'a day such as "2026-12-31"')
    if granted is None or expires is None:
        return
    said = dig(value, "spec", "waiverRules", "maximumDays")
    most = said if isinstance(said, int) else WAIVED_DAYS
    days = (expires - granted).days
    if days < 0:
        problems.add((*keys, "expires"), f"{expires}, before {granted}", "a day after `granted`")
    elif days > most:
        found = f"a waiver for {days} days"
        problems.add((*keys, "expires"), found, f"at most {most} days, as the policy says")


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 else None
    except ValueError:
        return None
