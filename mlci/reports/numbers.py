"""Numbers in the unit that people read: shares in %, latencies in ms, sizes in MB, ratios as
multiples."""

from mlci.records.judgement import Judgement, LimitKind, Planned
from mlci.records.metric import (
    COLD_START,
    COLUMN_COUNTS,
    METRICS,
    MODEL_BYTES,
    OVERLAP,
    PEAK_MEMORY,
    Family,
)
from mlci.records.units import size_text

SHARES = {
    "errorRate",
    OVERLAP,
    *(each.name for each in METRICS.values() if each.family in (Family.PROPORTION, Family.TABLE)),
}
LATENCIES = {"p50", "p95", "p99"}
RATIOS = {LimitKind.MINIMUM_RATIO, LimitKind.MAXIMUM_RATIO}
DIFFERENCES = {LimitKind.MARGIN, LimitKind.ANCHOR, LimitKind.MAXIMUM_DIFFERENCE}
SIGNS = {
    LimitKind.MINIMUM: ">=",
    LimitKind.MAXIMUM: "<=",
    LimitKind.MARGIN: ">",
    LimitKind.ANCHOR: ">",
    LimitKind.MAXIMUM_DIFFERENCE: "<=",
    LimitKind.MINIMUM_RATIO: ">=",
    LimitKind.MAXIMUM_RATIO: "<=",
    LimitKind.OBJECTIVE: "<=",
}


def number(value: float, planned: Planned) -> str:
    """One value of a judgement: a difference has its sign, a difference of shares is in points."""
    kind = planned.limit.kind
    if kind in RATIOS:
        return f"x{value:.3f}"
    if planned.metric in LATENCIES:
        return f"{value * 1000:.1f} ms"
    if planned.metric in (MODEL_BYTES, PEAK_MEMORY):
        return size_text(value)
    if planned.metric == COLD_START:
        return f"{value:.2f} s"
    if planned.metric in COLUMN_COUNTS:
        return f"{value:.0f}"
    if planned.metric in SHARES:
        return f"{value * 100:+.2f} pp" if kind in DIFFERENCES else f"{value * 100:.2f} %"
    return f"{value:+.4f}" if kind in DIFFERENCES else f"{value:.4f}"


def estimate(judgement: Judgement) -> str:
    return "-" if judgement.estimate is None else number(judgement.estimate, judgement.planned)


def interval(judgement: Judgement) -> str:
    if judgement.interval is None:
        return "-"
    low, high = (number(bound, judgement.planned) for bound in judgement.interval)
    return f"{low} .. {high}"


def limit(planned: Planned) -> str:
    """``>= 85.00 %``; a margin is what the difference must stay above: ``> -1.00 pp``."""
    value = planned.limit.value
    shown = -value if planned.limit.kind.compared else value
    return f"{SIGNS[planned.limit.kind]} {number(shown, planned)}"


def shows(judgement: Judgement) -> str:
    """What a sample of this size shows with power 0.8, in the limit's own unit: ``82.69 % or
    more``. Distances from a limit are added to it; ``-`` where nothing can be shown."""
    planned, shown = judgement.planned, judgement.detectable
    if shown is None:
        return "-"
    value, kind = planned.limit.value, planned.limit.kind
    if kind.compared or kind is LimitKind.MINIMUM:
        more = shown - value if kind.compared else value + shown
        return f"{number(more, planned)} or more"
    if kind is LimitKind.MAXIMUM_DIFFERENCE:
        return f"{number(shown, planned)} or more"
    less = value - shown if kind is LimitKind.MAXIMUM else shown
    return f"{number(less, planned)} or less"


def needed(judgement: Judgement) -> str:
    return "-" if judgement.needed is None else f"{judgement.needed:,}"
