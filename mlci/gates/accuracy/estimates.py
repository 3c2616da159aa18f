"""Evidence -> an estimate that knows its bounds at any confidence.

Where a metric is undefined, or nothing holds about how far off it is, there is no number, but a
reason. Differences are oriented so that positive is better for the candidate.
"""

from collections.abc import Mapping

import numpy as np

from mlci.gates.accuracy import ranked
from mlci.gates.accuracy.asked import Asked
from mlci.gates.accuracy.evidence import Calibration, Evidence, Scores
from mlci.gates.brought.estimates import estimates
from mlci.gates.brought.evidence import Answered
from mlci.gates.found import Estimate, Found, Undefined, known
from mlci.records.metric import METRICS, Direction
from mlci.statistics import values
from mlci.statistics.calibration import calibration_change, calibration_error
from mlci.statistics.confusion import ratio, undefined_because
from mlci.statistics.joint import Joint
from mlci.statistics.table_bounds import table_difference, table_estimate
from mlci.statistics.values import Losses


def of_levels(
    asked: Asked, levels: Mapping[str, Evidence], *, compared: bool
) -> dict[str, Estimate | Undefined]:
    """Of each level of a slice column; what must be resampled is resampled once for all of them."""
    if (plugin := asked.plugin) is not None:
        kept = {level: each for level, each in levels.items() if isinstance(each, Answered)}
        return estimates(plugin, kept, compared=compared)
    one = against_champion if compared else absolute
    return {level: one(asked, each) for level, each in levels.items()}


def absolute(asked: Asked, evidence: Evidence) -> Estimate | Undefined:
    """The candidate's own value."""
    match evidence:
        case Joint():
            if why := undefined_because(asked.metric, evidence.table(0), asked.classes, asked.of):  # type: ignore[arg-type]
                return Undefined(reason=f"{asked.metric} is undefined: {why}", n=evidence.sums.rows)
            return known(
                _counted(asked, evidence),
                lambda level: _table(evidence, asked, level),
            )
        case Losses():
            n = evidence.moments.sums.rows
            return known(n, lambda level: _of_sums(evidence, values.estimate(evidence, level)))
        case Calibration():
            own = evidence.candidate

            def calibration(level: float) -> Found:
                found = calibration_error(own, level)
                return Found(value=found.estimate, interval=(found.lower, found.upper))

            return known(own.rows, calibration)
        case Scores():
            n = len(evidence.candidate)
            return known(n, lambda level: ranked.absolute(asked, evidence, level))
        case Answered():
            return of_levels(asked, {"": evidence}, compared=False)[""]


def against_champion(asked: Asked, evidence: Evidence) -> Estimate | Undefined:
    """How much better the candidate is than the champion on the same rows."""
    if isinstance(evidence, Answered):
        return of_levels(asked, {"": evidence}, compared=True)[""]
    found = _difference(asked, evidence)
    lower = METRICS[asked.metric].direction is Direction.LOWER
    if not lower or isinstance(found, Undefined):
        return found
    return Estimate(n=found.n, at=lambda level: found.at(level).mirrored())


def _difference(
    asked: Asked, evidence: Joint | Losses | Scores | Calibration
) -> Estimate | Undefined:
    missing = Undefined(reason=f"the champion gives no probabilities for {asked.metric}", n=0)
    match evidence:
        case Joint():
            for model, name in enumerate(("", " of the champion")):
                table = evidence.table(model)
                if why := undefined_because(asked.metric, table, asked.classes, asked.of):  # type: ignore[arg-type]
                    reason = f"{asked.metric}{name} is undefined: {why}"
                    return Undefined(reason=reason, n=evidence.sums.rows)
            return known(
                _counted(asked, evidence, compared=True),
                lambda level: _table(evidence, asked, level, compared=True),
            )
        case Losses():
            if not evidence.paired:
                return missing
            n = evidence.moments.sums.rows
            return known(n, lambda level: _of_sums(evidence, values.difference(evidence, level)))
        case Calibration():
            own, other = evidence.candidate, evidence.champion
            if other is None:
                return missing

            def change(level: float) -> Found:
                found = calibration_change(own, other, level)
                return Found(value=found.estimate, interval=(found.lower, found.upper))

            return known(own.rows, change)
        case Scores():
            if evidence.champion is None:
                return missing
            n = len(evidence.candidate)
            return known(n, lambda level: ranked.difference(asked, evidence, level))


def _table(joint: Joint, asked: Asked, confidence: float, *, compared: bool = False) -> Found:
    metric, of = asked.metric, asked.of
    if compared:
        found = table_difference(metric, joint, confidence, of)  # type: ignore[arg-type]
    else:
        found = table_estimate(metric, joint, confidence, of)  # type: ignore[arg-type]
    return Found(
        value=found.estimate,
        interval=(found.lower, found.upper),
        effective=None if joint.sums.simple else found.rows,
    )


def _of_sums(losses: Losses, found: values.ValueEstimate) -> Found:
    return Found(
        value=found.estimate,
        interval=(found.lower, found.upper),
        effective=None if losses.moments.sums.simple else found.units,
    )


def _counted(asked: Asked, joint: Joint, *, compared: bool = False) -> int:
    """The rows that a ratio looks at, where each counts once; else, and where the two models' look
    at different ones, all rows."""
    differ = compared and asked.metric in ("precision", "f1")
    if asked.of is None or differ or not joint.sums.simple:
        return joint.sums.rows
    _, base = ratio(asked.metric, joint.table(0), asked.of)  # type: ignore[arg-type]
    return int(np.round(base.sum() / (2.0 if asked.metric == "f1" else 1.0)))
