"""Evidence -> what is to be said of the delivery. Pure.

With a stable arm beside it the canary is judged by the ratio of bad events: REGRESSED when harm is
shown on any metric (each at alpha / number of metrics), certified when every metric is shown to be
tolerable, by that ratio or by the policy's budget (each at beta / 2). Alone it is judged by the
budgets. alpha = beta = 1 - confidence; both hold over all looks together.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlci.records.outcome import Health
from mlci.records.policy import Watch
from mlci.statistics.rate_ratio import FARTHEST
from mlci.watch.evidence import ERRORS
from mlci.watch.metric import Estimate, Metric, metrics
from mlci.watch.watching import Watching

MISSED = 3
# Just inside the ends of the grid of ratios: its points are rounded.
_MOST = math.exp(FARTHEST) * (1.0 - 1e-9)
_LEAST = 1.0 / _MOST


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """``certified``: the evidence suffices for promotion, whatever steps and bake times still ask.
    ``incident``: a budget is broken without harm over stable: neither promoted nor taken back.

    ``evidence`` holds log e-values, ``estimates`` ratios and shares, by names such as
    ``harm/errors``, ``safe/latency``, ``ratio/errors``, ``share/latency``.
    """

    health: Health
    reason: str
    certified: bool = False
    incident: bool = False
    evidence: Mapping[str, float] = field(default_factory=dict)
    estimates: Mapping[str, Estimate] = field(default_factory=dict)


def assess(watching: Watching) -> Assessment:
    """What all scrapes so far say; harm is looked at first."""
    watch, judged = watching.watch, metrics(watching)
    health, reason = _health(watching, watch, judged)
    return Assessment(
        health=health,
        reason=reason,
        certified=health is Health.HEALTHY,
        incident=health is Health.WATCHING and any(_breach(each, watch, judged) for each in judged),
        evidence=dict(_evidence(judged)),
        estimates=dict(_estimates(judged)),
    )


def _health(watching: Watching, watch: Watch, judged: tuple[Metric, ...]) -> tuple[Health, str]:
    against = _against(watch, judged)
    for metric in judged:
        if metric.beside and metric.beside.harm >= against:
            return Health.REGRESSED, _worse(metric, watch)
        if watching.alone and metric.fail >= against:
            return Health.REGRESSED, _over(metric)
    if watching.missed >= MISSED:
        missing = f"{watching.missed} scrapes in a row are missing"
        return Health.UNKNOWN, f"nothing can be seen: {missing}"
    requests = watching.canary_arm.errors.n
    if not any(metric.share.n for metric in judged):
        return Health.UNKNOWN, "nothing can be seen: no request has reached it yet"
    for metric in judged:
        if metric.beside and _breach(metric, watch, judged):
            both = metric.beside.stable_fail >= against
            who = "canary and stable breach" if both else "it breaches"
            return (
                Health.WATCHING,
                f"{who} the budget of {metric.name}, and harm over stable is not shown "
                f"({_share(metric)}): an incident, neither promoted nor taken back",
            )
    needed = math.log(2.0 / (1.0 - watch.confidence))
    open_still = [_open(metric) for metric in judged if not _shown(metric, watch, needed)]
    if requests < watch.minimum_requests:
        open_still.append(f"{requests} of at least {watch.minimum_requests} requests")
    if open_still:
        return Health.WATCHING, f"not shown yet: {'; '.join(open_still)}"
    return Health.HEALTHY, "; ".join(_certificate(metric, needed) for metric in judged)


def _against(watch: Watch, judged: tuple[Metric, ...]) -> float:
    """The log e-value from which one metric speaks against the canary."""
    return math.log(len(judged) / (1.0 - watch.confidence))


def _breach(metric: Metric, watch: Watch, judged: tuple[Metric, ...]) -> bool:
    """Shown to be above its budget, beside a stable arm that may be so as well."""
    return metric.beside is not None and metric.fail >= _against(watch, judged)


def _shown(metric: Metric, watch: Watch, needed: float) -> bool:
    """Tolerable: relatively, or within the budget while the ratio isn't estimated as too large."""
    if metric.beside is None:
        return metric.passes >= needed
    if metric.beside.safe >= needed:
        return True
    return metric.passes >= needed and metric.beside.ratio.value <= watch.tolerated


def _over(metric: Metric) -> str:
    return f"{metric.name} above the budget of {metric.budget:.3%}: {_share(metric)}"


def _worse(metric: Metric, watch: Watch) -> str:
    bounds = _milliseconds(watch) if metric.name != ERRORS else ""
    return f"more {metric.name}{bounds} than stable: {_open(metric)}"


def _milliseconds(watch: Watch) -> str:
    return f" beyond {', '.join(f'{bound * 1000:g}' for bound in watch.latency)} ms"


def _certificate(metric: Metric, needed: float) -> str:
    """The evidence that shows the metric to be tolerable: the ratio, else the budget."""
    relative = metric.beside is not None and metric.beside.safe >= needed
    return _open(metric) if relative else _within(metric)


def _open(metric: Metric) -> str:
    if metric.beside is None:
        return _within(metric)
    ratio = metric.beside.ratio
    known = _bounds(ratio.interval)
    if not known:
        return f"{_within(metric)}; its ratio to stable's is not known"
    return f"{metric.name} {ratio.value:.2f} times stable's [{known}], n={ratio.n}"


def _bounds(interval: tuple[float, float]) -> str:
    """What is known of a ratio: the ends of the grid say nothing of it. "" where nothing is."""
    low, high = interval
    below, above = low > _LEAST, high < _MOST
    if below and above:
        return f"{low:.2f}, {high:.2f}"
    if below:
        return f"at least {low:.2f}"
    return f"at most {high:.2f}" if above else ""


def _within(metric: Metric) -> str:
    return f"{metric.name} {_share(metric)} against a budget of {metric.budget:.3%}"


def _share(metric: Metric) -> str:
    low, high = metric.share.interval
    return f"{metric.share.value:.3%} [{low:.3%}, {high:.3%}], n={metric.share.n}"


def _evidence(judged: tuple[Metric, ...]) -> Iterator[tuple[str, float]]:
    for metric in judged:
        yield f"fail/{metric.name}", metric.fail
        yield f"pass/{metric.name}", metric.passes
        if metric.beside:
            yield f"harm/{metric.name}", metric.beside.harm
            yield f"safe/{metric.name}", metric.beside.safe


def _estimates(judged: tuple[Metric, ...]) -> Iterator[tuple[str, Any]]:
    for metric in judged:
        yield f"share/{metric.name}", metric.share
        if metric.beside:
            yield f"ratio/{metric.name}", metric.beside.ratio
