"""Points of curves for reports; nothing is decided by them."""

from collections.abc import Sequence
from typing import Any

from mlci.gates.accuracy.asked import Asked
from mlci.gates.accuracy.evidence import Calibration, Evidence, Scores
from mlci.records.metric import Family
from mlci.statistics import curves as drawn
from mlci.statistics.calibration import calibration_curve
from mlci.statistics.sums import Sums

CONFIDENCE = 0.95


def curves(asked: Asked, evidence: Evidence) -> dict[str, Any]:
    """``roc`` and ``precisionRecall`` as [x, y] points, ``calibration`` as bins, each of the
    ``candidate`` and the ``champion``; empty for a metric that has none, and for many classes."""
    if isinstance(evidence, Calibration):
        champion = evidence.champion
        return {
            "calibration": {
                "candidate": _bins(evidence.candidate),
                "champion": None if champion is None else _bins(champion),
            }
        }
    if asked.family is not Family.RANKING or not isinstance(evidence, Scores):
        return {}
    truth = evidence.truth
    if truth is None or evidence.candidate.ndim == 2 or truth.all() or not truth.any():
        return {}
    own, *others = (drawn.of_ranking(each) for each in evidence.areas.rankings)
    other = others[0] if others else None
    return {
        "roc": {"candidate": _points(own.roc), "champion": other and _points(other.roc)},
        "precisionRecall": {
            "candidate": _points(own.precision_recall),
            "champion": other and _points(other.precision_recall),
        },
    }


def _points(curve: Sequence[tuple[float, float]]) -> list[list[float]]:
    return [[round(x, 5), round(y, 5)] for x, y in curve]


def _bins(sums: Sums) -> list[dict[str, Any]]:
    return [
        {
            "score": each.score,
            "rate": each.rate,
            "n": round(each.n),
            "interval": [each.lower, each.upper],
        }
        for each in calibration_curve(sums, CONFIDENCE)
    ]
