"""From a measurement to judgements: the sequential decisions, repeated look by look."""

from collections import Counter
from dataclasses import replace
from typing import Any

from mlci.gates.load.histogram import histogram
from mlci.gates.load.measurement import LoadMeasurement
from mlci.gates.load.objective import judge_error_rate, judge_latency
from mlci.gates.load.planning import ERROR_RATE, TAILS
from mlci.gates.load.ratio import judge_against_champion
from mlci.loadtest.block import CANDIDATE, CHAMPION
from mlci.records.judgement import Judgement, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.records.policy import GateSpec

_MOST_LAGS = 200


def judge(
    spec: GateSpec,  # noqa: ARG001 - the protocol of gates
    planned: tuple[Planned, ...],
    measurement: LoadMeasurement,
) -> tuple[Judgement, ...]:
    """Pure. A decision falls at the first look that allows it; what came later is not used."""
    details = _details(measurement)
    judged = (_judge(each, measurement) for each in planned)
    return tuple(replace(each, details={**details, **each.details}) for each in judged)


def _judge(planned: Planned, measurement: LoadMeasurement) -> Judgement:
    comparing = planned.limit.kind is LimitKind.MAXIMUM_RATIO
    error = measurement.error or (measurement.champion_error if comparing else "")
    if error:
        return Judgement(planned=planned, outcome=Outcome.ERROR, reason=error)
    if comparing:
        return judge_against_champion(planned, measurement)
    if planned.metric == ERROR_RATE:
        return judge_error_rate(planned, measurement)
    return judge_latency(planned, measurement)


def _details(measurement: LoadMeasurement) -> dict[str, Any]:
    counting = [each.block for each in measurement.blocks if not each.void]
    details: dict[str, Any] = {
        "blocks": {"counted": len(counting), "void": len(measurement.blocks) - len(counting)},
        "blockSeconds": round(measurement.block_seconds, 3),
        "timeout": measurement.timeout,
    }
    voids = Counter(each.void for each in measurement.blocks if each.void)
    if voids:
        details["voidReasons"] = dict(voids)
    if counting:
        details["generator"] = {
            "lagP99": round(max(block.lag_p99 for block in counting), 6),
            "cpu": round(max(block.cpu for block in counting), 3),
            "lags": _lags(measurement),
        }
    for arm in (CANDIDATE, CHAMPION):
        summary = _arm(measurement, arm)
        if summary:
            details[arm] = summary
    return details


def _arm(measurement: LoadMeasurement, arm: str) -> dict[str, Any]:
    pool = None
    for pool in measurement.pooled(arm):  # noqa: B007 - the last one holds all requests
        pass
    if pool is None:
        return {}
    counting = [
        each.block for each in measurement.blocks if each.block.arm == arm and not each.void
    ]
    reasons: Counter[str] = Counter()
    for block in counting:
        reasons.update(block.reasons)
    summary: dict[str, Any] = {"requests": pool.requests, "failed": pool.failed}
    summary["seconds"] = round(measurement.block_seconds * len(counting), 3)
    summary |= {name: pool.percentile(1.0 - tail) for name, tail in TAILS.items()}
    summary["p90"] = pool.percentile(0.9)
    if pool.latencies.shape[0]:
        answered = pool.latencies / 1e6
        summary |= {
            "minimum": float(answered[0]),
            "mean": round(float(answered.mean()), 6),
            "maximum": float(answered[-1]),
            "latencies": histogram(pool.latencies),
        }
    return {**summary, "failures": dict(reasons)} if reasons else summary


def _lags(measurement: LoadMeasurement) -> list[float]:
    """The generator's lag of all blocks, void ones too, in the order of time; of runs of blocks
    the largest, where there are more than can be shown."""
    lags = [each.block.lag_p99 for each in measurement.blocks]
    run = -(-len(lags) // _MOST_LAGS)
    return [round(max(lags[at : at + run]), 6) for at in range(0, len(lags), run)]
