"""Latency against the champion's, by the log ratios of pairs of blocks at preset looks."""

import math
import statistics

from scipy.special import ndtri

from mlci.gates.load.measurement import LoadMeasurement
from mlci.gates.load.planning import TAILS
from mlci.loadtest.block import Block
from mlci.records.judgement import Judgement, Planned
from mlci.records.outcome import Outcome
from mlci.statistics.ratio_looks import RatioLook, judge_ratio, looks

LEAST_PAIRS = 4
_OUTCOMES = {"pass": Outcome.PASS, "fail": Outcome.FAIL, "continue": Outcome.INCONCLUSIVE}
_POWER = 0.8


def judge_against_champion(planned: Planned, measurement: LoadMeasurement) -> Judgement:
    """The percentile of each block, candidate over champion, both of the same schedule and rows."""
    pairs = measurement.pairs()
    rank = 1.0 - TAILS[planned.metric]
    if measurement.maximum_pairs < LEAST_PAIRS:
        return Judgement(
            planned=planned,
            outcome=Outcome.INCONCLUSIVE,
            reason=f"{measurement.maximum_pairs} pairs of blocks fit into the budget; "
            f"{LEAST_PAIRS} are the fewest that can be judged",
            needed=LEAST_PAIRS,
        )
    timeout = measurement.timeout
    ratios = [
        _log_ratio(candidate, champion, rank, timeout)
        for candidate, champion in pairs[: measurement.maximum_pairs]
    ]
    look = judge_ratio(
        ratios, planned.limit.value, planned.confidence, looks(measurement.maximum_pairs)
    )
    seen = pairs[: len(ratios) if look.decision == "continue" else look.pairs]
    failing = sum(_fails(champion, rank) for _, champion in seen)
    if failing:
        return Judgement(
            planned=planned,
            outcome=Outcome.ERROR,
            reason=f"the champion has no {planned.metric} in {failing} of {len(seen)} blocks: "
            "too many of its requests failed",
        )
    return _judgement(planned, look, ratios, measurement.maximum_pairs)


def _judgement(planned: Planned, look: RatioLook, ratios: list[float], most: int) -> Judgement:
    if look.estimate is None or look.lower is None or look.upper is None:
        return Judgement(
            planned=planned,
            outcome=Outcome.INCONCLUSIVE,
            reason=f"{len(ratios)} pairs of blocks count; the first look is at {looks(most)[0]}",
            needed=looks(most)[0],
        )
    outcome = _OUTCOMES[look.decision]
    reason = (
        f"{planned.metric} is {look.estimate:.2f} times the champion's "
        f"({look.lower:.2f} to {look.upper:.2f}, {look.pairs} pairs of blocks); "
        f"limit {planned.limit.value:g}"
    )
    if outcome is Outcome.INCONCLUSIVE:
        reason += "; the budget ended between the two decisions"
    return Judgement(
        planned=planned,
        outcome=outcome,
        reason=reason,
        estimate=look.estimate,
        interval=(look.lower, look.upper),
        n=look.pairs,
        detectable=_detectable(planned, ratios[: look.pairs]),
        needed=look.needed,
        details={"pairs": look.pairs, "maximumPairs": most, "errorSpent": round(look.spent, 4)},
    )


def _log_ratio(candidate: Block, champion: Block, rank: float, timeout: float) -> float:
    mine, other = candidate.percentile(rank, timeout), champion.percentile(rank, timeout)
    # Counting blocks have requests; a microsecond is the resolution of a latency.
    return math.log(max(mine or timeout, 1e-6) / max(other or 1e-6, 1e-6))


def _fails(block: Block, rank: float) -> bool:
    return block.failed > (1.0 - rank) * block.sent


def _detectable(planned: Planned, ratios: list[float]) -> float:
    """The largest true ratio that so many pairs of this spread show below the limit, power 0.8."""
    reach = float(ndtri(planned.confidence) + ndtri(_POWER))
    spread = statistics.stdev(ratios) / math.sqrt(len(ratios))
    return planned.limit.value * math.exp(-reach * spread)
