"""How much wider the candidate's widest gap between groups is than the champion's.

The change of a maximum minus a minimum has no honest bootstrap: which groups are extreme is itself
uncertain. It is max over pairs (i, j) of min over pairs (k, l) of the contrast
(candidate_i - candidate_j) - (champion_k - champion_l), and each contrast is a plain sum over
groups with known bounds. So bound every contrast and take the same max and min of the bounds.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mlci.statistics.paired import paired_bound
from mlci.statistics.proportions import Floats, check_counts, exact_bounds, quantile

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


def paired_table(counts: NDArray[Any], metric: Metric) -> NDArray[Any]:
    """[groups, y, candidate, champion] -> [groups, candidate success, champion success].

    Success is what the metric counts among the rows that it looks at: for true_positive_rate a
    positive prediction among rows with y = 1, for accuracy a right prediction among all.
    """
    table = np.asarray(counts)
    if table.ndim != 4 or table.shape[1:] != (2, 2, 2):
        raise ValueError(f"counts of shape {table.shape} are not [groups, 2, 2, 2]")
    check_counts(table, np.maximum(table, 0), none=True)
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
    return np.asarray(by_metric[metric])


def gap_change(counts: NDArray[Any], metric: Metric, confidence: float) -> GapChange:
    """``change_of_tables`` of independent rows counted by group, truth and both predictions."""
    return change_of_tables(paired_table(counts, metric), confidence)


def change_of_tables(
    tables: NDArray[Any], confidence: float, correlation: Floats | None = None
) -> GapChange:
    """Bounds of the change of the widest gap, on the same rows; each at ``confidence``.

    ``tables`` [k, candidate success, champion success], effective rows where these are weighted or
    clustered, and then ``correlation`` [2k, 2k] of the rates (see shrunk.paired_rates): of
    different groups, it only ever widens a bound.

    The upper bound uses: for the candidate's true widest pair, the change is its smallest contrast
    with any champion pair; so the contrasts of one candidate pair must hold together (Bonferroni
    over champion pairs), and the maximum over candidate pairs needs no correction. The lower
    bound is the mirror image. Contrasts are bounded by square-and-add (MOVER) on exact bounds of
    rates, and on paired bounds where a contrast holds both models' rates of one group.
    ValueError unless two groups have rows.
    """
    there = tables.sum(axis=(1, 2)) > 0
    table = tables[there]
    if correlation is not None:
        correlation = correlation[np.ix_(np.tile(there, 2), np.tile(there, 2))]
    if table.shape[0] < 2:
        raise ValueError("a gap needs two groups with rows")
    quantile(confidence)
    z = float(-ndtri((1.0 - confidence) / (len(table) * (len(table) - 1))))
    groups = _Groups(table, z, correlation)
    return GapChange(
        estimate=float(np.ptp(groups.candidate) - np.ptp(groups.champion)),
        lower=max(-groups.upper(swapped=True), -1.0),
        upper=min(groups.upper(swapped=False), 1.0),
        candidate=float(np.ptp(groups.candidate)),
        champion=float(np.ptp(groups.champion)),
        groups=len(table),
    )


class _Groups:
    """Per group: both models' rates, and how far each rate, difference and sum reaches up."""

    def __init__(self, table: NDArray[Any], z: float, correlation: Floats | None) -> None:
        n = table.sum(axis=(1, 2)).astype(float)
        b, c, both = (table[:, k, m].astype(float) for k, m in ((1, 0), (0, 1), (1, 1)))
        self.candidate, self.champion = (both + b) / n, (both + c) / n
        self.reach = {}
        for name, rate in (("candidate", self.candidate), ("champion", self.champion)):
            lower, upper = exact_bounds(rate, n, z)
            self.reach[name], self.reach["-" + name] = upper - rate, rate - lower
        difference = (b - c) / n
        self.reach["difference"] = paired_bound(b, c, n, -z) - difference
        self.reach["-difference"] = difference - paired_bound(b, c, n, z)
        # The sum is the difference to the champion's complement, so a paired bound holds it too.
        neither = table[:, 0, 0].astype(float)
        k = len(table)
        blocks = np.zeros((2 * k, 2 * k)) if correlation is None else correlation
        self.correlation = {
            ("candidate", "candidate"): blocks[:k, :k],
            ("candidate", "champion"): blocks[:k, k:],
            ("champion", "candidate"): blocks[k:, :k],
            ("champion", "champion"): blocks[k:, k:],
        }
        surplus = (both - neither) / n
        self.reach["sum"] = paired_bound(both, neither, n, -z) - surplus
        self.reach["-sum"] = surplus - paired_bound(both, neither, n, z)

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
            width += self._across(first, second, int(a), int(b), i, j)
            gap = rate[first][a] - rate[first][b] - (rate[second][i] - rate[second][j])
            worst = max(worst, float(np.min(gap + np.sqrt(np.maximum(width, 0.0)))))
        return worst

    def _across(
        self, first: str, second: str, a: int, b: int, i: NDArray[Any], j: NDArray[Any]
    ) -> Floats:
        """What clusters that span groups add: first_a - first_b - second_i + second_j."""
        up_a, down_b = self.reach[first][a], self.reach["-" + first][b]
        down_i, up_j = self.reach["-" + second][i], self.reach[second][j]
        own, other = self.correlation[first, first], self.correlation[second, second]
        mixed = self.correlation[first, second]
        terms = (
            -own[a, b] * up_a * down_b,
            -other[i, j] * down_i * up_j,
            np.where(i == a, 0.0, -mixed[a, i]) * up_a * down_i,
            np.where(j == a, 0.0, mixed[a, j]) * up_a * up_j,
            np.where(i == b, 0.0, mixed[b, i]) * down_b * down_i,
            np.where(j == b, 0.0, -mixed[b, j]) * down_b * up_j,
        )
        return np.asarray(2.0 * sum(np.maximum(term, 0.0) for term in terms))
