"""What only the models' answers decide, as the recorded verdict on the champion found it.

A verdict keeps of each judgement the smallest effect that it could show. On the same exam another
model's answers spread about as much: that is an assumption, and the forecast says so.
"""

from dataclasses import dataclass, replace

from mlci.gates.decision import POWER
from mlci.gates.forecast import Forecast, too_narrow
from mlci.records.judgement import Judgement, LimitKind, Planned
from mlci.records.metric import METRICS, OF_QUANTILE
from mlci.records.verdict import Verdict
from mlci.statistics.proportions import quantile


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """``verdict`` admitted the champion; None where there is none on this exam, and ``why`` says
    so. ``same_policies`` are the names of those policies whose text is today's."""

    verdict: Verdict | None
    why: str = ""
    same_policies: frozenset[str] = frozenset()


def as_recorded(planned: Planned, forecast: Forecast, recorded: Recorded) -> Forecast:
    """The forecast with what the champion's own judgement of the same id could show, or with the
    reason why that says nothing."""
    judgement, why = _found(planned, recorded)
    if judgement is None or judgement.detectable is None or recorded.verdict is None:
        return replace(forecast, assuming=f"{forecast.assuming}, and {why}")
    shown = judgement.detectable * _z(planned.confidence) / _z(judgement.planned.confidence)
    beyond = _beyond(planned, shown)
    return replace(
        forecast,
        detectable=None if beyond else shown,
        assuming=f"answers that spread as in the verdict on {_whose(planned, recorded.verdict)}",
        warning=beyond or (too_narrow(shown, planned.limit.value) if _compared(planned) else ""),
    )


def _found(planned: Planned, recorded: Recorded) -> tuple[Judgement | None, str]:
    """The judgement, or why there is none that tells."""
    if recorded.verdict is None:
        return None, recorded.why
    whose = f"the verdict on champion {recorded.verdict.release.version}"
    # The quantile isn't part of a judgement's id.
    if planned.metric in OF_QUANTILE and planned.policy not in recorded.same_policies:
        return None, f"{whose} is under another text of policy {planned.policy}"
    found = [each for each in recorded.verdict.judgements if each.planned.id == planned.id]
    if not found:
        return None, f"{whose} has no such judgement"
    if found[0].detectable is None:
        return None, f"{whose} could not tell"
    return found[0], ""


def _whose(planned: Planned, verdict: Verdict) -> str:
    version, before = verdict.release.version, verdict.champion
    against = f" against {before.version}" if _compared(planned) and before else ""
    return f"champion {version}{against}"


def _beyond(planned: Planned, shown: float) -> str:
    metric = METRICS[planned.metric]
    limit = planned.limit.value
    match planned.limit.kind:
        case LimitKind.MINIMUM:
            beyond = metric.high is not None and limit + shown > metric.high
        case LimitKind.MAXIMUM:
            beyond = metric.low is not None and limit - shown < metric.low
        case _:
            beyond = False
    return "even a perfect model would hardly show it" if beyond else ""


def _compared(planned: Planned) -> bool:
    return planned.limit.kind.compared


def _z(confidence: float) -> float:
    return quantile(confidence) + quantile(POWER)
