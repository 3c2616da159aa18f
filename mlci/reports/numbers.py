"""Numbers in the unit that people read: shares in %, latencies in ms, ratios as multiples."""

from mlci.records.judgement import Judgement, LimitKind, Planned
from mlci.records.metric import METRICS, Family

SHARES = {
    "errorRate",
    *(each.name for each in METRICS.values() if each.family in (Family.PROPORTION, Family.TABLE)),
}
LATENCIES = {"p50", "p95", "p99"}
RATIOS = {LimitKind.MINIMUM_RATIO, LimitKind.MAXIMUM_RATIO}
DIFFERENCES = {LimitKind.MARGIN, LimitKind.MAXIMUM_DIFFERENCE}
SIGNS = {
    LimitKind.MINIMUM: ">=",
    LimitKind.MAXIMUM: "<=",
    LimitKind.MARGIN: ">",
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
    shown = -value if planned.limit.kind is LimitKind.MARGIN else value
    return f"{SIGNS[planned.limit.kind]} {number(shown, planned)}"
