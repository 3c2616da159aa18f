"""From counts of flips to judgements: the share of the perturbed rows, and the champion's on them.

Another answer on a perturbed row is a flip. The rate is a proportion of these rows; against the
champion it is a paired difference, on the same rows. Weights and clusters shrink the rows to
effective ones.
"""

import numpy as np

from mlci.gates.decision import decide, detectable, needed, threshold
from mlci.gates.robustness.measurement import Flips, RobustnessMeasurement
from mlci.records.judgement import Judgement, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.records.perturbation import PerturbationKind
from mlci.records.policy import GateSpec
from mlci.statistics.intervals import clopper_pearson
from mlci.statistics.paired import paired_difference
from mlci.statistics.sums import Floats, Sums

# By cell: whether the candidate flips, and whether the champion does.
_CANDIDATE = np.array([0.0, 0.0, 1.0, 1.0])
_CHAMPION = np.array([0.0, 1.0, 0.0, 1.0])


def judge(
    spec: GateSpec,  # noqa: ARG001 - all that it says is in what was planned
    planned: tuple[Planned, ...],
    measurement: RobustnessMeasurement,
) -> tuple[Judgement, ...]:
    """Pure: each perturbation by itself."""
    return tuple(
        _judge(each, measurement.flips[PerturbationKind((each.slice or {})["perturbation"])])
        for each in planned
    )


def _judge(planned: Planned, flips: Flips) -> Judgement:
    comparing = planned.limit.kind is LimitKind.MARGIN
    error = flips.error or (flips.champion_error if comparing else "")
    if error:
        return Judgement(planned=planned, outcome=Outcome.ERROR, reason=error)
    sums = flips.sums
    # Per row 1, 0 or, of a difference, -1: the champion flips and the candidate doesn't is better.
    counted = _CHAMPION - _CANDIDATE if comparing else _CANDIDATE
    share = _share(sums, counted, planned.confidence)
    if not share > 0.0:
        return Judgement(
            planned=planned,
            outcome=Outcome.INCONCLUSIVE,
            reason="no row was changed: too few rows, or too small a share or scale"
            if sums.rows == 0
            else "the changed rows have no weight",
            n=sums.rows,
        )
    return _decided(planned, sums, counted, share)


def _share(sums: Sums, counted: Floats, confidence: float) -> float:
    """How many independent rows one row is worth; 0 where the rows have no weight."""
    total = float(sums.values.sum())
    if not total > 0.0:
        return 0.0
    gradient = (counted - sums.values @ counted / total) / total
    return sums.effective_share(gradient, np.ones(counted.shape, np.bool_), confidence)


def _decided(planned: Planned, sums: Sums, counted: Floats, share: float) -> Judgement:
    rows = sums.rows * share
    cells = sums.values / sums.values.sum() * rows
    estimate = float(cells @ counted) / rows
    interval = _interval(planned, cells, rows)
    outcome = decide(planned.limit, interval)
    shown = detectable(estimate, interval, planned.confidence)
    wanted = needed(sums.rows, shown, abs(estimate - threshold(planned.limit)))
    if outcome is Outcome.INCONCLUSIVE and wanted is not None:
        wanted = max(wanted, sums.rows + 1)
    return Judgement(
        planned=planned,
        outcome=outcome,
        reason=_reason(planned, outcome, sums, wanted),
        estimate=estimate,
        interval=interval,
        n=sums.rows,
        detectable=shown,
        needed=wanted,
        details={
            "flips": {
                "candidate": round(float(sums.values @ _CANDIDATE), 6),
                "champion": round(float(sums.values @ _CHAMPION), 6),
            }
        }
        | ({} if sums.simple else {"effectiveRows": rows}),
    )


def _interval(planned: Planned, cells: Floats, rows: float) -> tuple[float, float]:
    if planned.limit.kind is LimitKind.MARGIN:
        _, theirs, own, _ = (float(each) for each in cells)
        found = paired_difference(theirs, own, rows, planned.confidence)
        return found.lower, found.upper
    return clopper_pearson(float(cells @ _CANDIDATE), rows, planned.confidence)


def _reason(planned: Planned, outcome: Outcome, sums: Sums, wanted: int | None) -> str:
    limit = f"{planned.limit.value:.2%}"
    kept = (
        f"flip no more often than the champion's by {limit} of the rows"
        if planned.limit.kind is LimitKind.MARGIN
        else f"flip on at most {limit} of the rows"
    )
    of = f"of {sums.rows:,} rows that the perturbation changed"
    if outcome is Outcome.PASS:
        return f"{of}, predictions are shown to {kept}"
    if outcome is Outcome.FAIL:
        return f"{of}, predictions are shown not to {kept}"
    more = "no number of rows decides" if wanted is None else f"about {wanted:,} would decide"
    return f"{of}, predictions are not shown to {kept}, nor the contrary; {more} at this estimate"
