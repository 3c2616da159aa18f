"""Weighted or clustered tables as tables of fewer, independent rows, group by group.

Each rate is given as many rows as make its variance that of a binomial (see
Sums.effective_share); rates of groups that share clusters are correlated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlci.statistics.sums import ROUNDING, Floats, Sums


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Effective ``successes`` [k] and ``totals`` [k] of k rates, 0 of 0 where a group has no rows;
    ``correlation`` [k, k] of the rates, None where rows are independent and groups apart."""

    successes: Floats
    totals: Floats
    correlation: Floats | None


@dataclass(frozen=True, kw_only=True)
class PairedRates:
    """``tables`` [k, 2, 2]: effective rows of k groups by success of the candidate and of the
    champion; ``correlation`` [2k, 2k] of the candidate's k rates and then the champion's."""

    tables: Floats
    correlation: Floats | None


def rates(sums: Sums, successes: ArrayLike, among: ArrayLike, confidence: float) -> Rates:
    """Of groups that look at cells ``among`` bool [k, C], ``successes`` [k, C] of these.

    ``confidence`` is the strictest at which bounds will be asked for: where rates are borne by few
    clusters, rows count less the further out in the tail a bound lies.
    """
    hit, looked = np.asarray(successes, bool), np.asarray(among, bool)
    gradients = _gradients(sums, hit, looked)
    totals = np.array(
        [_rows(sums, g, cells, confidence) for g, cells in zip(gradients, looked, strict=True)]
    )
    weight = looked @ sums.values
    share = np.divide(hit @ sums.values, weight, out=np.zeros_like(weight), where=weight > 0)
    return Rates(successes=share * totals, totals=totals, correlation=_correlation(sums, gradients))


def paired_rates(
    sums: Sums, candidate: ArrayLike, champion: ArrayLike, among: ArrayLike, confidence: float
) -> PairedRates:
    """As ``rates`` for both models' successes on the same rows; of a group's two rates and their
    difference the one that varies most decides how many rows it counts for."""
    first, second = np.asarray(candidate, bool), np.asarray(champion, bool)
    looked = np.asarray(among, bool)
    ahead, behind = (_gradients(sums, each, looked) for each in (first, second))
    tables = np.zeros((len(looked), 2, 2))
    for k, cells in enumerate(looked):
        seen = np.zeros((2, 2))
        np.add.at(
            seen, (first[k, cells].astype(int), second[k, cells].astype(int)), sums.values[cells]
        )
        if seen.sum() > 0.0:
            rows = min(
                _rows(sums, g, cells, confidence)
                for g in (ahead[k], behind[k], ahead[k] - behind[k])
            )
            tables[k] = seen / seen.sum() * rows
    return PairedRates(
        tables=tables, correlation=_correlation(sums, np.concatenate([ahead, behind]))
    )


def _gradients(sums: Sums, hit: NDArray[np.bool_], looked: NDArray[np.bool_]) -> Floats:
    weight = (looked @ sums.values)[:, None]
    share = np.divide(
        ((hit & looked) @ sums.values)[:, None], weight, out=np.zeros_like(weight), where=weight > 0
    )
    share = np.where(share > 1.0 - ROUNDING, 1.0, share)
    return np.divide(looked * (hit - share), weight, out=np.zeros(looked.shape), where=weight > 0)


def _rows(sums: Sums, gradient: Floats, looked: NDArray[np.bool_], confidence: float) -> float:
    weight = float(looked @ sums.values)
    if weight <= 0.0:
        return 0.0
    counted = weight * sums.rows / float(sums.values.sum())
    return counted * sums.effective_share(gradient, looked, confidence)


def _correlation(sums: Sums, gradients: Floats) -> Floats | None:
    if sums.clusters is None:
        return None
    covariance = sums.covariance(gradients)
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    both = np.outer(spread, spread)
    known = (both > 0.0) & np.isfinite(both)
    found = np.divide(covariance, both, out=np.zeros_like(both), where=known)
    np.fill_diagonal(found, 1.0)
    return np.asarray(np.clip(found, -1.0, 1.0))
