"""The load gate's distributions: latency of both arms, and how late the generator itself was."""

from collections.abc import Iterable, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from mlci.records.judgement import LimitKind
from mlci.reports.contents import Item
from mlci.reports.html.figure import Figured
from mlci.reports.html.svg import CANDIDATE, CHAMPION, INK, MUTED, Pictures

_WIDTH, _HEIGHT = 440.0, 300.0
_MAY = {"p50": 0.5, "p95": 0.05, "p99": 0.01}


def load(pictures: Pictures, items: Iterable[Item]) -> list[Figured]:
    """``items`` are the judgements of one load gate; all of them bear the same details."""
    gate = list(items)
    details = next((each.judgement.details for each in gate if _measured(each)), None)
    if details is None:
        return []
    figures = [_latency(pictures, gate, details)]
    if details.get("generator", {}).get("lags"):
        figures.append(_lag(pictures, details))
    return figures


def _measured(item: Item) -> bool:
    arm = item.judgement.details.get("candidate")
    return isinstance(arm, Mapping) and bool(arm.get("latencies"))


def _latency(pictures: Pictures, gate: list[Item], details: Mapping[str, Any]) -> Figured:
    """The share of requests slower than each latency: tails are read off where they matter."""
    figure, axes = pictures.plot(_WIDTH, _HEIGHT)
    axes.set(xscale="log", yscale="log", xlabel="latency, ms", ylabel="share of requests slower")
    counts: list[str] = []
    least = 1.0
    for arm, colour, style in (("champion", CHAMPION, (0, (4, 2))), ("candidate", CANDIDATE, "-")):
        summary = details.get(arm, {})
        if not summary.get("latencies"):
            continue
        x, y = _slower(summary)
        least = min(least, y[-1])
        axes.step(x, y, where="post", color=colour, ls=style, lw=2)
        counts.insert(0, f"{summary['requests']:,} requests to the {arm}")
    limits = [each for each in gate if _objective(each)]
    for each in limits:
        _corner(axes, each)
    axes.set_ylim(least / 1.5, 1.15)
    _plain_ticks(axes)
    arm = details["candidate"]
    return Figured(
        title="Latency",
        picture=pictures.drawn(
            figure,
            "Share of requests slower than each latency, " + " and ".join(counts),
            f"Candidate: half slower than {arm['p50'] * 1e3:.1f} ms, 5 % slower than "
            f"{arm['p95'] * 1e3:.1f} ms, 1 % slower than {arm['p99'] * 1e3:.1f} ms",
        ),
        note="; ".join(counts) + ("; corners: objectives" if limits else ""),
        champion=bool(details.get("champion", {}).get("latencies")),
    )


def _slower(summary: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    """Milliseconds and the share of requests above them, down to the last request."""
    total, left = summary["requests"], summary["requests"]
    x, y = [summary["minimum"] * 1e3], [1.0]
    for bound, number in summary["latencies"]:
        left -= number
        if left > 0:
            x.append(bound * 1e3)
            y.append(left / total)
    x.append(summary["maximum"] * 1e3)
    y.append(y[-1])
    return x, y


def _objective(item: Item) -> bool:
    planned = item.planned
    return planned.limit.kind is LimitKind.OBJECTIVE and planned.metric in _MAY


def _corner(axes: Axes, item: Item) -> None:
    """The curve must pass below and left of it: that share may be slower than that latency."""
    bound, share = item.planned.limit.value * 1e3, _MAY[item.planned.metric]
    axes.plot([bound, bound], [share, share * 2.2], color=INK, lw=1.5)
    axes.plot([bound, bound * 1.25], [share, share], color=INK, lw=1.5)
    axes.annotate(
        item.planned.metric,
        (bound, share),
        xytext=(4, 4),
        textcoords="offset points",
        color=MUTED,
        fontsize=11,
    )


def _lag(pictures: Pictures, details: Mapping[str, Any]) -> Figured:
    lags = [1e3 * each for each in details["generator"]["lags"]]
    void = details["blocks"]["void"]
    figure, axes = pictures.plot(_WIDTH, _HEIGHT)
    axes.set(xlabel="block, in the order of time", ylabel="lag (p99), ms")
    axes.bar(range(1, len(lags) + 1), lags, width=0.7, color=CHAMPION)
    axes.set_xlim(0.4, len(lags) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    note = f"{details['blocks']['counted']} blocks count, {void} void"
    return Figured(
        title="Lag of the generator",
        picture=pictures.drawn(
            figure,
            "How late the generator sent its requests, the 99th percentile of each block",
            f"Largest {max(lags):.1f} ms, smallest {min(lags):.1f} ms; {note}",
        ),
        note=note,
        champion=False,
    )


def _plain_ticks(axes: Axes) -> None:
    """Decades as numbers instead of powers."""
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())
