"""ROC, precision over recall, and calibration: the candidate's curve against the champion's."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from mlci.reports.contents import Item
from mlci.reports.html.figure import Figured
from mlci.reports.html.svg import CANDIDATE, CHAMPION, PAPER, RULE, Pictures

_SIZE = 320.0
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_Point = Sequence[float]
_LINES = {
    "roc": ("ROC", "false positive rate", "true positive rate"),
    "precisionRecall": ("Precision and recall", "recall", "precision"),
}


def curves(pictures: Pictures, item: Item) -> list[Figured]:
    """Of one judgement; none where it has no curves. A champion is left out where there is none."""
    found = item.judgement.details.get("curves", {})
    figures = [_line(pictures, item, name, found[name]) for name in _LINES if name in found]
    if "calibration" in found:
        figures.append(_calibration(pictures, found["calibration"]))
    return figures


def _line(pictures: Pictures, item: Item, name: str, arms: Mapping[str, Any]) -> Figured:
    title, across, up = _LINES[name]
    figure, axes = pictures.plot(_SIZE, _SIZE)
    _unit_square(axes, across, up)
    if name == "roc":
        axes.plot([0, 1], [0, 1], color=RULE, lw=1)
    for arm, colour, style in (("champion", CHAMPION, (0, (4, 2))), ("candidate", CANDIDATE, "-")):
        points: Sequence[_Point] | None = arms.get(arm)
        if points:
            axes.plot(*zip(*points, strict=True), color=colour, ls=style, lw=2)
    described = f"{title} of the {_arms(arms)}: {up} over {across}"
    return Figured(
        title=title,
        picture=pictures.drawn(figure, described, _read(arms["candidate"], across, up)),
        note=f"n = {item.judgement.n:,}",
        champion=bool(arms.get("champion")),
    )


def _read(points: Sequence[_Point], across: str, up: str) -> str:
    """The candidate's curve in words, at a quarter, a half and three quarters."""
    read = []
    for x in (0.25, 0.5, 0.75):
        nearest = min(points, key=lambda point: abs(point[0] - x))
        read.append(f"{up} {nearest[1]:.2f} at {across} {nearest[0]:.2f}")
    return "Candidate: " + "; ".join(read)


def _calibration(pictures: Pictures, arms: Mapping[str, Any]) -> Figured:
    figure, axes = pictures.plot(_SIZE, _SIZE)
    _unit_square(axes, "score", "observed rate")
    axes.plot([0, 1], [0, 1], color=RULE, lw=1)
    for arm, colour, marker in (("champion", CHAMPION, "D"), ("candidate", CANDIDATE, "o")):
        bins = [each for each in arms.get(arm) or () if each.get("interval")]
        for each in bins:
            axes.plot([each["score"]] * 2, each["interval"], color=colour, lw=1.5, clip_on=False)
        scores, rates = [each["score"] for each in bins], [each["rate"] for each in bins]
        axes.plot(
            scores,
            rates,
            ls="",
            marker=marker,
            ms=6,
            mfc=colour if arm == "candidate" else PAPER,
            mec=colour,
            mew=1.5,
            clip_on=False,
        )
    shown = [each for each in arms["candidate"] if each.get("interval")]
    words = [
        f"score {each['score']:.2f}: rate {each['rate']:.2f} "
        f"[{each['interval'][0]:.2f}, {each['interval'][1]:.2f}], n {each['n']:,.0f}"
        for each in shown
    ]
    rows = sum(each["n"] for each in shown)
    return Figured(
        title="Calibration",
        picture=pictures.drawn(
            figure,
            f"Calibration of the {_arms(arms)}: observed rate over score, by bins of the score",
            "Candidate: " + "; ".join(words),
        ),
        note=f"n = {rows:,.0f} in {len(shown)} bins",
        champion=bool(arms.get("champion")),
    )


def _unit_square(axes: Axes, across: str, up: str) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=across, ylabel=up)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(_SHARES, labels=[f"{each:g}" for each in _SHARES])


def _arms(arms: Mapping[str, Any]) -> str:
    return "candidate and the champion" if arms.get("champion") else "candidate"
