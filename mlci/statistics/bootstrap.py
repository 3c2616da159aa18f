"""Intervals of any statistic of a small table: F1, balanced accuracy, a difference of two models.

The bootstrap of n rows is a multinomial draw over the table's cells. Where errors are few it
hardly varies (no error seen: not at all) and passes far too often, so cells are drawn from their
posterior under Jeffreys' prior instead: Dirichlet(counts + 1/2), a smooth bootstrap that knows
that an empty cell need not stay empty. Its cost doesn't grow with n.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from mlci.statistics.proportions import Floats, check_counts, quantile

Statistic = Callable[[Floats], Floats]


def bootstrap_table(
    counts: ArrayLike, statistic: Statistic, *, resamples: int, seed: int
) -> Floats:
    """The statistic of ``resamples`` tables like ``counts``.

    ``statistic`` maps tables [resamples, *counts.shape], floats that sum to the rows of ``counts``
    and are all above zero, to [resamples]. ValueError for an empty table.
    """
    table = np.asarray(counts, float)
    check_counts(table, table.sum())
    draws = np.random.default_rng(seed).dirichlet(table.ravel() + 0.5, size=resamples)
    # A cell can underflow to zero; a rate over such cells must stay defined.
    draws = np.maximum(draws, np.finfo(float).tiny) * table.sum()
    return np.asarray(statistic(draws.reshape(resamples, *table.shape)), float)


def percentile_interval(samples: ArrayLike, confidence: float) -> tuple[float, float]:
    """The pair of one-sided bounds between which the samples lie.

    ValueError if a sample isn't finite: leaving out those that are undefined would make the
    interval too narrow.
    """
    values = np.asarray(samples, float)
    if values.size < 2 or not np.all(np.isfinite(values)):
        raise ValueError("a percentile interval needs samples that are all finite")
    quantile(confidence)
    lower, upper = np.quantile(values, [1.0 - confidence, confidence])
    return float(lower), float(upper)


def table_interval(
    counts: ArrayLike, statistic: Statistic, confidence: float, *, resamples: int, seed: int
) -> tuple[float, float]:
    """``percentile_interval`` of ``bootstrap_table``, widened to hold the statistic of ``counts``.

    The widening matters at the edge only: nothing wrong in the sample, and an F1 of exactly 1.
    ValueError where the statistic of ``counts`` is undefined.
    """
    seen = float(statistic(np.asarray(counts, float)[None])[0])
    if not np.isfinite(seen):
        raise ValueError("the statistic of the table is undefined")
    lower, upper = percentile_interval(
        bootstrap_table(counts, statistic, resamples=resamples, seed=seed), confidence
    )
    return min(lower, seen), max(upper, seen)
