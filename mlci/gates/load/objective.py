"""Absolute objectives by a one-sample e-process over requests, looked at after every block."""

from dataclasses import dataclass

from mlci.gates.load.evidence import (
    allowed,
    detectable_share,
    forbidden,
    requests_needed,
    share_bounds,
    threshold,
)
from mlci.gates.load.measurement import LoadMeasurement, Pool
from mlci.gates.load.planning import TAILS
from mlci.loadtest.block import CANDIDATE
from mlci.records.judgement import Judgement, Planned
from mlci.records.outcome import Outcome
from mlci.statistics.sequential import log_e_fail, log_e_pass


@dataclass(frozen=True, kw_only=True)
class _Decision:
    """``pool`` is what was known when the decision fell, or all there is; None: nothing is."""

    outcome: Outcome
    events: int
    pool: Pool | None


def judge_latency(planned: Planned, measurement: LoadMeasurement) -> Judgement:
    """An event is a request that failed or took longer than the limit; its share is held against
    what the percentile leaves: 5 % for p95."""
    theta0, bound = TAILS[planned.metric], planned.limit.value
    decision = _decide(planned, measurement, theta0, bound)
    pool = decision.pool
    if pool is None:
        return _nothing(planned, theta0)
    estimate = pool.percentile(1.0 - theta0)
    total = pool.requests
    # The order statistics at which the same test, asked for another bound, would just decide.
    low = pool.at(total - forbidden(total, theta0, planned.confidence))
    high = pool.at(total - 1 - allowed(total, theta0, planned.confidence))
    share = f"{decision.events} of {total} requests failed or took longer than {_ms(bound)}"
    return Judgement(
        planned=planned,
        outcome=decision.outcome,
        reason=_reason(decision, f"{share}; {theta0:.0%} may", theta0),
        estimate=estimate,
        interval=(low, high),
        n=total,
        detectable=_detectable_latency(pool, theta0, planned),
        needed=_needed(decision, theta0, planned.confidence),
        details={"slower": decision.events},
    )


def judge_error_rate(planned: Planned, measurement: LoadMeasurement) -> Judgement:
    """An event is a request that failed: not 2xx, no answer in time, no connection."""
    theta0 = planned.limit.value
    decision = _decide(planned, measurement, theta0, None)
    pool = decision.pool
    if pool is None:
        return _nothing(planned, theta0)
    total = pool.requests
    return Judgement(
        planned=planned,
        outcome=decision.outcome,
        reason=_reason(
            decision, f"{decision.events} of {total} requests failed; {theta0:.2%} may", theta0
        ),
        estimate=decision.events / total,
        interval=share_bounds(decision.events, total, planned.confidence),
        n=total,
        detectable=detectable_share(total, theta0, planned.confidence),
        needed=_needed(decision, theta0, planned.confidence),
    )


def _decide(
    planned: Planned, measurement: LoadMeasurement, theta0: float, bound: float | None
) -> _Decision:
    enough = threshold(planned.confidence)
    decision = _Decision(outcome=Outcome.INCONCLUSIVE, events=0, pool=None)
    for pool in measurement.pooled(CANDIDATE):
        over = pool.failed if bound is None else pool.slower(bound)
        under = pool.requests - over
        outcome = Outcome.INCONCLUSIVE
        if log_e_fail(over, under, theta0) >= enough:
            outcome = Outcome.FAIL
        elif log_e_pass(over, under, theta0) >= enough:
            outcome = Outcome.PASS
        decision = _Decision(outcome=outcome, events=over, pool=pool)
        if outcome is not Outcome.INCONCLUSIVE:
            break
    return decision


def _reason(decision: _Decision, seen: str, theta0: float) -> str:
    if decision.outcome is not Outcome.INCONCLUSIVE:
        return seen
    side = (
        "below" if decision.pool and decision.events < theta0 * decision.pool.requests else "above"
    )
    return f"{seen}; the budget ended before the share was shown to be {side} that"


def _nothing(planned: Planned, theta0: float) -> Judgement:
    return Judgement(
        planned=planned,
        outcome=Outcome.INCONCLUSIVE,
        reason="no block counts: all were void, or none fitted into the budget",
        needed=requests_needed(0.0, theta0, planned.confidence),
    )


def _needed(decision: _Decision, theta0: float, confidence: float) -> int | None:
    if decision.outcome is not Outcome.INCONCLUSIVE or decision.pool is None:
        return None
    total = decision.pool.requests
    needed = requests_needed(decision.events / total, theta0, confidence)
    return None if needed is None else max(needed, total + 1)


def _detectable_latency(pool: Pool, theta0: float, planned: Planned) -> float | None:
    """The largest true percentile that would have been shown within the limit, in seconds: the
    observed distribution, scaled until the largest share that can be shown lies beyond it."""
    share = detectable_share(pool.requests, theta0, planned.confidence)
    if share is None or not 0.0 < share < 1.0:
        return None
    now, beyond = pool.percentile(1.0 - theta0), pool.percentile(1.0 - share)
    return planned.limit.value * now / beyond if now and beyond else None


def _ms(value: float) -> str:
    return f"{value * 1e3:g} ms"
