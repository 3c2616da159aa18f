"""The page: what stands in it, in which order. The words' form is in the template, their look in
the style sheet; every text is escaped by the template engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from mlci.records.outcome import Outcome
from mlci.reports import numbers
from mlci.reports.contents import Contents, Item, read, waiver
from mlci.reports.html.curves import curves
from mlci.reports.html.figure import Figured
from mlci.reports.html.groups import panel
from mlci.reports.html.load import load
from mlci.reports.html.strip import against_limit
from mlci.reports.html.svg import Pictures
from mlci.reports.html.typeset import asked, bounded, typeset

_LOOK = {
    Outcome.PASS: "pass",
    Outcome.FAIL: "fail",
    Outcome.ERROR: "fail",
    Outcome.INCONCLUSIVE: "open",
    Outcome.SKIPPED: "open",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One judgement as the table shows it."""

    item: Item
    anchor: str
    look: str
    picture: Markup
    estimate: str
    interval: str
    asked: str
    bounded: str
    n: str
    size: str
    waived: str


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The judgements of one gate of one policy, and the pictures of all of them."""

    name: str
    lines: tuple[Line, ...]
    curves: tuple[Figured, ...]


def page(document: Mapping[str, Any]) -> str:
    """The whole HTML. Raises Broken when ``document`` is no verdict."""
    contents, pictures = read(document), Pictures()
    gates = _gates(pictures, contents)
    lines = [line for gate in gates for line in gate.lines]
    panels = [found for item in contents.items if (found := panel(pictures, item))]
    return _template().render(
        contents=contents,
        verdict=contents.verdict,
        look=_LOOK[contents.verdict.outcome],
        looks=_LOOK,
        gates=gates,
        against=[each for each in lines if _stands_against(each.item)],
        rulings=contents.verdict.rulings,
        panels=panels,
        loads=_loads(pictures, contents),
        worn=contents.worn,
        seconds=_seconds(contents),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("mlci.reports.html", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def _gates(pictures: Pictures, contents: Contents) -> list[Gate]:
    names = groupby(contents.items, key=lambda each: f"{each.planned.policy}/{each.planned.gate}")
    gates, number = [], 0
    for name, group in names:
        items = list(group)
        lines = [_line(pictures, item, number + at) for at, item in enumerate(items, 1)]
        number += len(items)
        drawn = [figure for item in items for figure in curves(pictures, item)]
        gates.append(Gate(name=name, lines=tuple(lines), curves=_once(drawn)))
    return gates


def _once(figures: Sequence[Figured]) -> tuple[Figured, ...]:
    """Two judgements on one metric bear the same curves."""
    return tuple({each.title: each for each in reversed(figures)}.values())[::-1]


def _line(pictures: Pictures, item: Item, number: int) -> Line:
    judgement = item.judgement
    size = []
    if judgement.detectable is not None:
        size.append(f"This size shows {typeset(numbers.shows(judgement))}")
    if judgement.needed is not None:
        size.append(f"{'n' if size else 'N'} = {numbers.needed(judgement)} would do")
    return Line(
        item=item,
        anchor=f"j{number}",
        look=_LOOK[item.outcome],
        picture=against_limit(pictures, item),
        estimate=typeset(numbers.estimate(judgement)),
        interval=typeset(numbers.interval(judgement)),
        asked=asked(item.planned),
        bounded=bounded(item.planned),
        n=f"{judgement.n:,}",
        size=("; ".join(size) + ".") if size else "",
        waived="" if item.waived is None else waiver(item.waived),
    )


def _stands_against(item: Item) -> bool:
    return item.outcome is not Outcome.PASS and item.planned.required


def _loads(pictures: Pictures, contents: Contents) -> list[Figured]:
    gates: dict[tuple[str, str], list[Item]] = {}
    for item in contents.items:
        gates.setdefault((item.planned.policy, item.planned.gate), []).append(item)
    return [figure for items in gates.values() for figure in load(pictures, items)]


def _seconds(contents: Contents) -> str:
    verdict = contents.verdict
    begin, end = (datetime.fromisoformat(each) for each in (verdict.started, verdict.finished))
    return f"{(end - begin).total_seconds():.0f} s"
