"""How much wider the candidate's widest gap between groups is than the champion's.

The change of a maximum minus a minimum has no honest bootstrap: which groups are extreme is itself
uncertain. It is max over pairs (i, j) of min over pairs (k, l) of the contrast
(candidate_i - candidate_j) - (champion_k - champion_l), and each contrast is a plain sum over
groups with known bounds. So bound every contrast and take the same max and min of the bounds.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mlci.statistics.paired import tango_bound
from mlci.statistics.proportions import check_counts, quantile, wilson_bounds

Metric = Literal[
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "false_negative_rate",
    "accuracy",
]


@dataclass(frozen=True, kw_only=True)
class GapChange:
    """Widest gap of the candidate minus widest gap of the champion, with one-sided bounds.

    ``candidate`` and ``champion`` are the observed widest gaps; ``groups`` those with any row.
    """

    estimate: float
    lower: float
    upper: float
    candidate: float
    champion: float
    groups: int


def paired_table(counts: NDArray[np.int64], metric: Metric) -> NDArray[np.int64]:
    """[groups, y, candidate, champion] -> [groups, candidate success, champion success].

    Success is what the metric counts among the rows that it looks at: for true_positive_rate a
    positive prediction among rows with y = 1, for accuracy a right prediction among all.
    """
    table = np.asarray(counts, np.int64)
    if table.ndim != 4 or table.shape[1:] != (2, 2, 2):
        raise ValueError(f"counts of shape {table.shape} are not [groups, 2, 2, 2]")
    check_counts(table, np.maximum(table, 0), least=0)
    negatives, positives = table[:, 0], table[:, 1]
    by_metric = {
        "selection_rate": negatives + positives,
        "true_positive_rate": positives,
        "false_positive_rate": negatives,
        "false_negative_rate": positives[:, ::-1, ::-1],
        "accuracy": positives + negatives[:, ::-1, ::-1],
    }
    if metric not in by_metric:
        raise ValueError(f"{metric!r} is none of {', '.join(by_metric)}")
    return by_metric[metric]


def gap_change(counts: NDArray[np.int64], metric: Metric, confidence: float) -> GapChange:
    """Bounds of the change of the widest gap, on the same rows; each at ``confidence``.

    The upper bound uses: for the candidate's true widest pair, the change is its smallest contrast
    with any champion pair; so the contrasts of one candidate pair must hold together (Bonferroni
    over champion pairs), and the maximum over candidate pairs needs no correction. The lower
    bound is the mirror image. Contrasts are bounded by Newcombe's square-and-add (MOVER) on
    Wilson bounds, and on Tango's where a contrast holds both models' rates of one group.
    ValueError unless two groups have rows.
    """
    table = paired_table(counts, metric)
    table = table[table.sum(axis=(1, 2)) > 0]
    if table.shape[0] < 2:
        raise ValueError("a gap needs two groups with rows")
    quantile(confidence)
    groups = _Groups(table, float(-ndtri((1.0 - confidence) / (len(table) * (len(table) - 1)))))
    return GapChange(
        estimate=float(np.ptp(groups.candidate) - np.ptp(groups.champion)),
        lower=-groups.upper(swapped=True),
        upper=groups.upper(swapped=False),
        candidate=float(np.ptp(groups.candidate)),
        champion=float(np.ptp(groups.champion)),
        groups=len(table),
    )


class _Groups:
    """Per group: both models' rates, and how far each rate, difference and sum reaches up."""

    def __init__(self, table: NDArray[np.int64], z: float) -> None:
        n = table.sum(axis=(1, 2)).astype(float)
        b, c, both = (table[:, k, m].astype(float) for k, m in ((1, 0), (0, 1), (1, 1)))
        self.candidate, self.champion = (both + b) / n, (both + c) / n
        self.reach = {}
        for name, rate in (("candidate", self.candidate), ("champion", self.champion)):
            lower, upper = wilson_bounds(rate, n, z)
            self.reach[name], self.reach["-" + name] = upper - rate, rate - lower
        difference = (b - c) / n
        self.reach["difference"] = tango_bound(b, c, n, -z) - difference
        self.reach["-difference"] = difference - tango_bound(b, c, n, z)
        # The sum is the difference to the champion's complement, so Tango bounds it too.
        neither = table[:, 0, 0].astype(float)
        surplus = (both - neither) / n
        self.reach["sum"] = tango_bound(both, neither, n, -z) - surplus
        self.reach["-sum"] = surplus - tango_bound(both, neither, n, z)

    def upper(self, *, swapped: bool) -> float:
        """max over (i, j) of min over (k, l) of the contrasts' upper bounds."""
        first, second = ("champion", "candidate") if swapped else ("candidate", "champion")
        ahead, behind = ("-difference", "difference") if swapped else ("difference", "-difference")
        rate = {"candidate": self.candidate, "champion": self.champion}
        size = self.candidate.size
        i, j = (each.ravel() for each in np.nonzero(~np.eye(size, dtype=bool)))
        square = {name: reach**2 for name, reach in self.reach.items()}
        plus, minus = square[first], square["-" + first]
        low, high = square["-" + second], square[second]
        # Where one group stands on both sides its two rates are bounded together.
        same_plus, same_minus = square[ahead] - plus - low, square[behind] - minus - high
        sum_plus, sum_minus = square["sum"] - plus - high, square["-sum"] - minus - low
        worst = -np.inf
        for a, b in zip(i, j, strict=True):
            width = plus[a] + minus[b] + low[i] + high[j]
            width += np.where(i == a, same_plus[a], 0.0) + np.where(j == b, same_minus[b], 0.0)
            width += np.where(j == a, sum_plus[a], 0.0) + np.where(i == b, sum_minus[b], 0.0)
            gap = rate[first][a] - rate[first][b] - (rate[second][i] - rate[second][j])
            worst = max(worst, float(np.min(gap + np.sqrt(np.maximum(width, 0.0)))))
        return worst
