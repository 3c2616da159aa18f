"""The metrics of a watch: errors, and latency over all its bounds, each with its evidence."""

from collections.abc import Iterator
from dataclasses import dataclass

from mlci.statistics.rate_ratio import RateRatio
from mlci.statistics.sequential import log_e_fail, log_e_pass, mean_log_e
from mlci.watch import shares
from mlci.watch.evidence import ERRORS, Tally
from mlci.watch.onset import log_e_onset
from mlci.watch.watching import Watching, slowest

LATENCY = "latency"
# A budget of nothing at all can't be shown by any number of requests: it is read as this share.
STRICTEST = 1e-6


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A ratio or a share, its always-valid interval, and the canary's requests behind it."""

    value: float
    interval: tuple[float, float]
    n: int


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Against the stable arm: log e-values, the ratio of bad events, and stable's own breach."""

    harm: float
    safe: float
    ratio: Estimate
    stable_fail: float


@dataclass(frozen=True, kw_only=True)
class Metric:
    """``share`` of the canary's bad requests (latency: slower than the largest bound) against
    ``budget``: log e-values ``fail`` (above it) and ``passes`` (below it)."""

    name: str
    budget: float
    share: Estimate
    fail: float
    passes: float
    beside: Beside | None


def metrics(watching: Watching) -> tuple[Metric, ...]:
    """Errors, and latency where the policy names bounds."""
    return tuple(_metrics(watching))


def _metrics(watching: Watching) -> Iterator[Metric]:
    watch, canary, stable = watching.watch, watching.canary_arm, watching.stable_arm
    onsets = zip(*watching.onsets, strict=True)
    yield _metric(
        watching,
        ERRORS,
        watch.error_budget,
        (canary.errors, stable.errors),
        tuple(next(onsets)),
        watching.ratios[:1],
    )
    if watch.latency:
        yield _metric(
            watching,
            LATENCY,
            watch.latency_budget,
            (slowest(canary), slowest(stable)),
            tuple(next(onsets)),
            watching.ratios[1:],
        )


def _metric(
    watching: Watching,
    name: str,
    budget: float,
    tallies: tuple[Tally, Tally],
    onsets: tuple[Tally, ...],
    ratios: tuple[RateRatio, ...],
) -> Metric:
    tally, other = tallies
    budget = min(max(budget, STRICTEST), 1.0 - STRICTEST)
    confidence = watching.watch.confidence
    beside = None
    if watching.stable is not None:
        beside = Beside(
            harm=mean_log_e([ratio.log_e_harm() for ratio in ratios]),
            # Harm at one bound is harm; safe is only what is safe at every bound.
            safe=min(ratio.log_e_safe() for ratio in ratios),
            ratio=Estimate(
                value=ratios[-1].estimate, interval=ratios[-1].interval(confidence), n=tally.n
            ),
            stable_fail=log_e_fail(other.bad, other.good, budget),
        )
    return Metric(
        name=name,
        budget=budget,
        share=Estimate(
            value=tally.bad / tally.n if tally.n else 0.0,
            interval=shares.interval(tally, confidence),
            n=tally.n,
        ),
        fail=log_e_onset(tally, onsets, budget),
        passes=log_e_pass(tally.bad, tally.good, budget),
        beside=beside,
    )
