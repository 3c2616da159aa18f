"""Intervals of any statistic of a small table: F1, balanced accuracy, a difference of two models.

The bootstrap of n rows is a multinomial draw over the table's cells. Where errors are few it
hardly varies (no error seen: not at all) and passes far too often, so cells are drawn from a
Dirichlet distribution instead, a smooth bootstrap that knows that an empty cell need not stay
empty: around counts + 1/2 to show the spread, and for a bound around the counts with one row more
in each cell that moves the statistic towards that bound. Of a proportion these are the exact bounds
of Clopper and Pearson. Counts may be effective ones of weighted or clustered rows. The cost doesn't
grow with n.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from mlci.statistics.proportions import Floats, check_counts, quantile

Statistic = Callable[[Floats], Floats]

_FEWEST_BEYOND = 5  # resamples beyond a bound, fewer can't place it


def bootstrap_table(
    counts: ArrayLike, statistic: Statistic, *, resamples: int, seed: int
) -> Floats:
    """The statistic of ``resamples`` tables like ``counts``.

    ``statistic`` maps tables [resamples, *counts.shape], floats that sum to the rows of ``counts``
    and are all above zero, to [resamples]. ValueError for an empty table.
    """
    table = np.asarray(counts, float)
    return _drawn(table, table + 0.5, statistic, resamples, seed)


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
    """The pair of one-sided bounds of a statistic of a table, each from its own resamples.

    They hold the statistic of ``counts``. ValueError where that is undefined, or where
    ``confidence`` lies further out than ``resamples`` can tell.
    """
    table = np.asarray(counts, float)
    quantile(confidence)
    if resamples * (1.0 - confidence) < _FEWEST_BEYOND:
        raise ValueError(f"{resamples} resamples are too few for confidence {confidence!r}")
    seen = float(statistic(table[None])[0])
    if not np.isfinite(seen):
        raise ValueError("the statistic of the table is undefined")
    one_more = np.eye(table.size).reshape(-1, *table.shape)
    moved = np.asarray(statistic(table + one_more), float).reshape(table.shape)
    low, high = (
        _drawn(table, table + towards, statistic, resamples, seed)
        for towards in (moved < seen, moved > seen)
    )
    lower, _ = percentile_interval(low, confidence)
    _, upper = percentile_interval(high, confidence)
    return min(lower, seen), max(upper, seen)


def _drawn(
    table: Floats, around: Floats, statistic: Statistic, resamples: int, seed: int
) -> Floats:
    check_counts(table, table.sum())
    random = np.random.default_rng(seed)
    parts = random.standard_gamma(around.ravel(), size=(resamples, table.size))
    # A cell can underflow to zero; a rate over such cells must stay defined.
    parts = np.maximum(parts, np.finfo(float).tiny)
    draws = parts * (table.sum() / parts.sum(axis=1, keepdims=True))
    return np.asarray(statistic(draws.reshape(resamples, *table.shape)), float)
