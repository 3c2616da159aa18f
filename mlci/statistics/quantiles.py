"""Quantiles of losses (the median absolute error and others) by order statistics.

How many of n rows lie below the true quantile is Binomial(n, share), whatever the distribution: so
two order statistics are exact bounds (Thompson 1936). Weighted and clustered rows are counted as
the effective ones of the share below the quantile, and the bounds' ranks are read off the weighted
distribution (Woodruff 1952). The difference of two models' quantiles recovers its width from both
(MOVER), less what the rows below both quantiles have in common (Zou 2007).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, bdtrc

from mlci.statistics.nobounds import NoBounds
from mlci.statistics.proportions import quantile
from mlci.statistics.sums import Floats, Sums, of_cells
from mlci.statistics.values import ValueEstimate

Codes = NDArray[np.integer[Any]]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """``candidate`` (and ``champion``): losses [n] not below zero; ``weight``, ``cluster`` [n]."""

    candidate: Floats
    champion: Floats | None = None
    weight: Floats | None = None
    cluster: Codes | None = None


def quantile_value(losses: ArrayLike, share: float, weight: ArrayLike | None = None) -> float:
    """The smallest loss with at least ``share`` of the weight at or below it, or the middle between
    it and the next where that is exactly ``share``: scikit-learn's median_absolute_error at 0.5."""
    ordered = _Ordered(np.asarray(losses, float), weight)
    return ordered.at(share, middle=True)


def quantile_estimate(rows: Rows, share: float, confidence: float, model: int = 0) -> ValueEstimate:
    """The quantile of the candidate's (0) or the champion's (1) losses, with bounds. The lower one
    is 0 where no order statistic is low enough; NoBounds where none is high enough."""
    quantile(confidence)
    losses = rows.candidate if model == 0 or rows.champion is None else rows.champion
    ordered = _Ordered(losses, rows.weight)
    seen = ordered.at(share, middle=True)
    table = _below(losses <= seen, rows)
    count = _effective(table, confidence)
    low, high = _ranks(count, share, confidence)
    if high is None:
        raise NoBounds(
            f"{count} rows of equal weight are too few for an upper bound of the {share:g} quantile"
        )
    return ValueEstimate(
        estimate=seen,
        lower=0.0 if low is None else min(ordered.at((low - 0.5) / count), seen),
        upper=max(ordered.at((high - 0.5) / count), seen),
        units=float(count),
    )


def quantile_difference(rows: Rows, share: float, confidence: float) -> ValueEstimate:
    """The candidate's quantile minus the champion's on the same rows. NoBounds as above."""
    z = quantile(confidence)
    own, other = (quantile_estimate(rows, share, confidence, model) for model in (0, 1))
    assert rows.champion is not None  # noqa: S101 - narrows the type
    both = _below(rows.candidate <= own.estimate, rows, rows.champion <= other.estimate)
    first, second = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])
    total = float(both.values.sum())
    gradients = [(each - each @ both.values / total) / total for each in (first, second)]
    covariance = both.covariance(gradients)
    spread = float(np.sqrt(covariance[0, 0] * covariance[1, 1]))
    units = min(own.units, other.units)
    # So many rows could yet be on different sides: two models are never known to be one.
    common = max(float(covariance[0, 1]) / spread, 0.0) * units / (units + z * z) if spread else 0.0
    estimate = own.estimate - other.estimate

    def reach(one: float, two: float) -> float:
        return float(np.sqrt(max(one * one + two * two - 2.0 * common * one * two, 0.0)))

    return ValueEstimate(
        estimate=estimate,
        lower=estimate - reach(own.estimate - own.lower, other.upper - other.estimate),
        upper=estimate + reach(own.upper - own.estimate, other.estimate - other.lower),
        units=units,
    )


class _Ordered:
    """Losses in ascending order with the weight up to each."""

    def __init__(self, losses: Floats, weight: ArrayLike | None) -> None:
        if not losses.size or not np.all(np.isfinite(losses)):
            raise ValueError("a quantile needs at least one loss, and every one finite")
        order = np.argsort(losses)
        w = np.ones(losses.size) if weight is None else np.asarray(weight, float)[order]
        kept = w > 0.0
        self.losses, self.up_to = losses[order][kept], np.cumsum(w[kept])
        if not self.losses.size:
            raise ValueError("all weights are zero")

    def at(self, share: float, *, middle: bool = False) -> float:
        target = share * float(self.up_to[-1])
        near = 1e-12 * float(self.up_to[-1])
        place = min(int(np.searchsorted(self.up_to, target - near)), self.losses.size - 1)
        found = float(self.losses[place])
        if middle and abs(float(self.up_to[place]) - target) <= near:
            found = 0.5 * (found + float(self.losses[min(place + 1, self.losses.size - 1)]))
        return found


def _below(below: NDArray[np.bool_], rows: Rows, also: NDArray[np.bool_] | None = None) -> Sums:
    """Rows by whether they lie below their quantile; with ``also``, by both models'."""
    cells = below.astype(np.int64)
    if also is not None:
        cells = 2 * cells + also
    size = 2 if also is None else 4
    return of_cells(cells, size, weight=rows.weight, cluster=rows.cluster)


def _effective(table: Sums, confidence: float) -> int:
    total = float(table.values.sum())
    below = float(table.values[1]) / total
    gradient = np.array([-below, 1.0 - below]) / total
    share = table.effective_share(gradient, np.ones(2, bool), confidence)
    return max(int(table.rows * share), 1)


def _ranks(count: int, share: float, confidence: float) -> tuple[int | None, int | None]:
    """The order statistics that lie on the wrong side of the quantile with a chance of at most
    1 - confidence each; None where none does."""
    ranks = np.arange(1, count + 1)
    alpha = 1.0 - confidence + 1e-12
    low = np.flatnonzero(bdtr(ranks - 1, count, share) <= alpha)
    high = np.flatnonzero(bdtrc(ranks - 1, count, share) <= alpha)
    return (
        int(ranks[low[-1]]) if low.size else None,
        int(ranks[high[0]]) if high.size else None,
    )
