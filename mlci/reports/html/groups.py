"""Groups and slices behind one judgement, on a common scale: small multiples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from mlci.records.judgement import LimitKind, Planned
from mlci.reports import numbers
from mlci.reports.contents import Item, rows
from mlci.reports.html.strip import Scale, on_scale
from mlci.reports.html.svg import Pictures
from mlci.reports.html.typeset import typeset
from mlci.statistics.intervals import clopper_pearson

_MOST = 40
# How far a share of n whole rows may be from k/n, as it is written.
_WHOLE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Group:
    """One row: numbers as text, and their picture."""

    name: str
    value: str
    interval: str
    n: str
    note: str
    picture: Markup


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The groups of one judgement; ``left_out`` of them are only in the verdict itself."""

    item: Item
    groups: tuple[Group, ...]
    low: str
    high: str
    limit: str
    compares: bool
    left_out: int


@dataclass(frozen=True, kw_only=True)
class _Row:
    name: str
    estimate: float
    interval: tuple[float, float]
    n: float
    alarm: bool
    note: str
    champion: float | None


def panel(pictures: Pictures, item: Item) -> Panel | None:
    """None where a judgement has no groups, or none with an interval."""
    details = item.judgement.details
    every = [*_slices(details), *_groups(item.planned, details)]
    if not every:
        return None
    shown = _worst_first(every)[:_MOST]
    scale = _scale(shown, item.planned)
    plain = _plain(item.planned, details)
    limit = item.planned.limit.value if "slices" in details else None
    if limit is not None and item.planned.limit.kind.compared:
        limit = -limit
    return Panel(
        item=item,
        groups=tuple(_group(pictures, scale, plain, limit, each) for each in shown),
        low=typeset(numbers.number(scale.low, plain)),
        high=typeset(numbers.number(scale.high, plain)),
        limit="" if limit is None else typeset(numbers.number(limit, plain)),
        compares=any(each.champion is not None for each in shown),
        left_out=len(every) - len(shown),
    )


def _slices(details: Mapping[str, Any]) -> list[_Row]:
    return [
        _Row(
            name=str(each["level"]),
            estimate=each["estimate"],
            interval=(each["interval"][0], each["interval"][1]),
            n=each["n"],
            alarm=bool(each["beyond"]),
            note=_note(beyond=bool(each["beyond"]), small=bool(each["small"])),
            champion=None,
        )
        for each in rows(details, "slices")
        if each.get("estimate") is not None and each.get("interval")
    ]


def _groups(planned: Planned, details: Mapping[str, Any]) -> list[_Row]:
    beyond = {
        name
        for pair in rows(details, "pairs")
        if pair.get("beyond")
        for name in (pair["higher"], pair["lower"])
    }
    named = details.get("small")
    few = set(named) if isinstance(named, list) else set()
    found = []
    for each in rows(details, "groups"):
        interval = each.get("interval") or _share(each, planned)
        if each.get("rate") is None or interval is None:
            continue
        name = str(each["group"])
        small = bool(each.get("smallWith")) or name in few
        found.append(
            _Row(
                name=name,
                estimate=each["rate"],
                interval=(interval[0], interval[1]),
                n=each["n"],
                alarm=name in beyond,
                note=_note(beyond=name in beyond, small=small, pair=True),
                champion=each.get("championRate"),
            )
        )
    return found


def _note(*, beyond: bool, small: bool, pair: bool = False) -> str:
    return (
        "in a pair beyond the limit"
        if pair and beyond
        else "beyond the limit"
        if beyond
        else "few rows"
        if small
        else ""
    )


def _share(group: Mapping[str, Any], planned: Planned) -> tuple[float, float] | None:
    """Exact bounds of a rate that is a share of rows: of as many as they are worth, where they are
    weighted or belong together. None where the rate is of another kind, or the worth isn't said."""
    rate, n = group.get("rate"), group.get("n")
    if rate is None or not n or planned.metric not in numbers.SHARES:
        return None
    worth = group.get("effectiveRows")
    if worth:
        return clopper_pearson(rate * worth, worth, planned.confidence)
    whole = abs(rate * n - round(rate * n)) <= _WHOLE * n
    return clopper_pearson(round(rate * n), int(n), planned.confidence) if whole else None


def _worst_first(every: Sequence[_Row]) -> list[_Row]:
    """Those that raised an alarm first, in their order; so a cut never hides one."""
    return sorted(every, key=lambda each: not each.alarm) if len(every) > _MOST else list(every)


def _scale(shown: Sequence[_Row], planned: Planned) -> Scale:
    ends = [end for each in shown for end in each.interval]
    ends += [each.champion for each in shown if each.champion is not None]
    low, high = min(ends), max(ends)
    room = 0.04 * (high - low) or 0.5
    if planned.metric in numbers.SHARES and not planned.limit.kind.compared:
        return Scale(low=max(low - room, 0.0), high=min(high + room, 1.0))
    return Scale(low=low - room, high=high + room)


def _plain(planned: Planned, details: Mapping[str, Any]) -> Planned:
    """Groups show the metric itself, not the difference or ratio that their judgement is about."""
    if "slices" in details:
        return planned
    return replace(planned, limit=replace(planned.limit, kind=LimitKind.MINIMUM))


def _group(
    pictures: Pictures, scale: Scale, plain: Planned, limit: float | None, row: _Row
) -> Group:
    value, low, high = (
        typeset(numbers.number(each, plain)) for each in (row.estimate, *row.interval)
    )
    champion = (
        "" if row.champion is None else f", champion {typeset(numbers.number(row.champion, plain))}"
    )
    return Group(
        name=row.name,
        value=value,
        interval=f"{low} to {high}",
        n=f"{row.n:,.0f}",
        note=row.note,
        picture=on_scale(
            pictures,
            scale,
            estimate=row.estimate,
            interval=row.interval,
            alarm=row.alarm,
            champion=row.champion,
            limit=limit,
            title=f"{row.name}: {value}, interval {low} to {high}{champion}",
        ),
    )
