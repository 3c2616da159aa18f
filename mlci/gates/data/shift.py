"""Whether the exam's inputs drifted away from those that the champion was examined on.

An alarm needs a test, corrected over all inputs by Holm, of "the index is at most the maximum":
statistical evidence and size of the effect in one. Too few rows never pass in silence.
"""

import math
from dataclasses import dataclass
from typing import Any

from mlci.gates.data.measurement import DataMeasurement
from mlci.records.judgement import Judgement, Planned
from mlci.records.outcome import Outcome
from mlci.statistics.drift import Stability, bounds, detectable, needed, p_value, stability
from mlci.statistics.holm import holm, holm_levels

MOST_LISTED = 100
_MOST_NEEDED = 10**12


@dataclass(frozen=True, kw_only=True)
class _Input:
    """One input's index, its adjusted p-value, its bounds at the level that decided, and what it
    could show; None where all rows lie in one bin."""

    name: str
    found: Stability
    p: float
    interval: tuple[float, float]
    shows: float | None


def judge_drift(planned: Planned, measurement: DataMeasurement, minimum_rows: int) -> Judgement:
    """PASS says "no alarm, and an alarm was possible", not "proved to be the same"."""
    rows = measurement.survey.rows
    if measurement.same_exam:
        return Judgement(
            planned=planned,
            outcome=Outcome.PASS,
            reason="the champion sat the same data: nothing drifted, nothing to compare",
            estimate=0.0,
            interval=(0.0, 0.0),
            n=rows,
        )
    counted = measurement.histograms
    if counted is None:
        raise ValueError("a drift that nobody measured")
    if not counted.now:
        why = "; ".join(f"{name}: {each}" for name, each in list(counted.skipped.items())[:5])
        return Judgement(
            planned=planned,
            outcome=Outcome.ERROR,
            reason=f"no input can be compared: {why}",
            n=rows,
        )
    inputs = _inputs(planned, measurement)
    worst = max(inputs, key=lambda each: (-each.p, each.found.excess))
    outcome, reason = _decided(planned, inputs, (rows, counted.rows_before), minimum_rows)
    if counted.skipped:
        reason += f"; not compared: {', '.join(list(counted.skipped)[:5])}"
    shown = [each.shows for each in inputs if each.shows is not None]
    return Judgement(
        planned=planned,
        outcome=outcome,
        reason=reason,
        estimate=worst.found.excess,
        interval=(
            max(each.interval[0] for each in inputs),
            max(each.interval[1] for each in inputs),
        ),
        n=rows,
        detectable=max(shown) - planned.limit.value if shown else None,
        needed=_rows_needed(planned, inputs, rows, minimum_rows),
        details={
            "rowsBefore": counted.rows_before,
            "inputs": [_details(each) for each in inputs[:MOST_LISTED]],
            "skipped": dict(list(counted.skipped.items())[:MOST_LISTED]),
        },
    )


def _inputs(planned: Planned, measurement: DataMeasurement) -> list[_Input]:
    """The most suspicious first."""
    counted, alpha = measurement.histograms, 1.0 - planned.confidence
    assert counted is not None  # noqa: S101 - narrows the type
    clusters = measurement.survey.clusters
    independent = (clusters.independent if clusters else 1.0, measurement.independent_before)
    found = {
        name: stability(now, counted.before[name], independent) for name, now in counted.now.items()
    }
    raw = [p_value(each, planned.limit.value) for each in found.values()]
    adjusted, levels = holm(raw), holm_levels(raw, alpha)
    inputs = [
        _Input(
            name=name,
            found=each,
            p=float(adjusted[at]),
            interval=bounds(each, 1.0 - float(levels[at])),
            shows=detectable(each, planned.limit.value, 1.0 - alpha / len(found)),
        )
        for at, (name, each) in enumerate(found.items())
    ]
    return sorted(inputs, key=lambda each: (each.p, -each.found.excess, each.name))


def _decided(
    planned: Planned, inputs: list[_Input], sizes: tuple[int, int], minimum_rows: int
) -> tuple[Outcome, str]:
    limit, alpha = planned.limit.value, 1.0 - planned.confidence
    if min(sizes) < minimum_rows:
        few = f"{sizes[0]:,} rows against {sizes[1]:,} of the champion's exam"
        return Outcome.INCONCLUSIVE, f"{few}: fewer than the {minimum_rows:,} that drift needs"
    drifted = [each for each in inputs if each.p <= alpha]
    if drifted:
        named = ", ".join(f"{e.name} by {e.found.excess:.3g}" for e in drifted[:5])
        more = f" and {len(drifted) - 5} more" if len(drifted) > 5 else ""
        return Outcome.FAIL, f"drifted by more than {limit:g}: {named}{more}"
    blind = [each.name for each in inputs if each.shows is not None and each.shows > 2.0 * limit]
    if blind:
        named = ", ".join(blind[:5]) + (f" and {len(blind) - 5} more" if len(blind) > 5 else "")
        return Outcome.INCONCLUSIVE, f"too few rows to show a drift of {2.0 * limit:g}: {named}"
    return Outcome.PASS, f"no drift beyond {limit:g} in {len(inputs)} inputs, and it would show"


def _rows_needed(
    planned: Planned, inputs: list[_Input], rows: int, minimum_rows: int
) -> int | None:
    """With which no input is too small to show twice the limit, if both exams grow alike."""
    confidence = 1.0 - (1.0 - planned.confidence) / len(inputs)
    limit = planned.limit.value
    factors = [needed(each.found, limit, 2.0 * limit, confidence) for each in inputs]
    most = max((each for each in factors if each is not None), default=None)
    if most is None or rows * most > _MOST_NEEDED:
        return None
    return max(math.ceil(rows * most), minimum_rows)


def _details(each: _Input) -> dict[str, Any]:
    return {
        "input": each.name,
        "index": each.found.excess,
        "interval": list(each.interval),
        "p": each.p,
        "shows": each.shows,
    }
