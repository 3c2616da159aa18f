"""The dot-and-whisker strip: an estimate and its interval against a limit or on a common scale."""

from dataclasses import dataclass

from markupsafe import Markup

from mlci.records.judgement import LimitKind
from mlci.records.outcome import Outcome
from mlci.reports import numbers
from mlci.reports.contents import Item
from mlci.reports.html.svg import (
    CHAMPION,
    FAIL,
    INK,
    KEPT,
    OPEN,
    PAPER,
    PASS,
    RULE,
    Canvas,
    Pictures,
)
from mlci.reports.html.typeset import asked, typeset

WIDTH, HEIGHT, MARGIN = 320.0, 28.0, 8.0
GROUP_WIDTH, GROUP_HEIGHT = 200.0, 22.0
_LOW_IS_GOOD = {
    LimitKind.MAXIMUM,
    LimitKind.MAXIMUM_DIFFERENCE,
    LimitKind.MAXIMUM_RATIO,
    LimitKind.OBJECTIVE,
}
# The share of the strip left of the limit: where a release must not be.
_LEFT = 0.36
COLOURS = {
    Outcome.PASS: PASS,
    Outcome.FAIL: FAIL,
    Outcome.ERROR: FAIL,
    Outcome.INCONCLUSIVE: OPEN,
    Outcome.SKIPPED: OPEN,
}


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A common scale of several strips, from ``low`` to ``high``."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Pixels from the left; values beyond the scale lie on its end."""
        share = (value - self.low) / (self.high - self.low)
        return MARGIN + min(max(share, 0.0), 1.0) * (GROUP_WIDTH - 2 * MARGIN)


def against_limit(pictures: Pictures, item: Item) -> Markup:
    """The limit is a line in the same place in every strip, and right of it is what the policy
    wants, whether that is more or less. Nothing without an interval."""
    judgement, planned = item.judgement, item.planned
    if judgement.interval is None or judgement.estimate is None:
        return Markup("")
    limit = planned.limit.value
    cut = -limit if planned.limit.kind.compared else limit
    sign = -1.0 if planned.limit.kind in _LOW_IS_GOOD else 1.0
    away = [sign * (value - cut) for value in (judgement.estimate, *judgement.interval)]
    unit = max(max(away) / (1 - _LEFT), -min(away) / _LEFT, 1e-12)
    inner = WIDTH - 2 * MARGIN
    line = MARGIN + _LEFT * inner
    dot, *ends = (line + each / unit * inner * 0.97 for each in away)
    canvas = pictures.canvas(WIDTH, HEIGHT)
    canvas.block(line, WIDTH - line, HEIGHT, KEPT)
    canvas.line([line, line], [0, HEIGHT], color=INK, lw=1.5)
    _whisker(canvas, dot, min(ends), max(ends), COLOURS[item.outcome], y=HEIGHT / 2)
    return pictures.drawn(
        canvas.figure,
        f"{item.label}: {typeset(numbers.estimate(judgement))}, interval "
        f"{typeset(numbers.interval(judgement))}; asked: {asked(planned)}",
    )


def on_scale(
    pictures: Pictures,
    scale: Scale,
    *,
    estimate: float,
    interval: tuple[float, float],
    alarm: bool,
    champion: float | None,
    limit: float | None,
    title: str,
) -> Markup:
    """One group among others; ``champion`` is its point for the same group."""
    middle = GROUP_HEIGHT / 2
    canvas = pictures.canvas(GROUP_WIDTH, GROUP_HEIGHT)
    canvas.line([MARGIN, GROUP_WIDTH - MARGIN], [middle] * 2, color=RULE, lw=1)
    if limit is not None and scale.low <= limit <= scale.high:
        canvas.line([scale.at(limit)] * 2, [0, GROUP_HEIGHT], color=INK, lw=1.5)
    if champion is not None:
        canvas.line(
            [scale.at(champion)], [middle], marker="D", ms=6, mec=CHAMPION, mfc=PAPER, mew=1.5
        )
    low, high = (scale.at(each) for each in interval)
    _whisker(canvas, scale.at(estimate), low, high, FAIL if alarm else INK, y=middle)
    return pictures.drawn(canvas.figure, title)


def _whisker(canvas: Canvas, dot: float, low: float, high: float, colour: str, *, y: float) -> None:
    canvas.line([low, high], [y, y], color=colour, lw=2, solid_capstyle="butt")
    for end in (low, high):
        canvas.line([end, end], [y - 4, y + 4], color=colour, lw=2, solid_capstyle="butt")
    canvas.line([dot], [y], marker="o", ms=9, mfc=colour, mec=PAPER, mew=1.5)
