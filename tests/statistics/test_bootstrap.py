"""The smooth bootstrap of a table."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mlci.statistics.bootstrap import bootstrap_table, percentile_interval, table_interval
from mlci.statistics.intervals import clopper_pearson


def share(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    return tables[:, 0] / tables.sum(axis=1)


def test_a_share_has_the_exact_bounds() -> None:
    bounds = table_interval([30, 70], share, 0.95, resamples=40_000, seed=1)
    assert bounds == pytest.approx(clopper_pearson(30, 100, 0.95), abs=0.003)


def test_no_error_seen_is_not_certainty() -> None:
    lower, upper = table_interval([20, 0], share, 0.95, resamples=20_000, seed=1)
    assert lower == pytest.approx(0.05 ** (1 / 20), abs=0.005)
    assert upper == 1.0


def test_resamples_keep_the_shape_and_the_rows_of_the_table() -> None:
    seen = []

    def statistic(tables: NDArray[np.float64]) -> NDArray[np.float64]:
        seen.append(tables)
        return tables.sum(axis=(1, 2, 3))

    samples = bootstrap_table(np.arange(8).reshape(2, 2, 2), statistic, resamples=50, seed=3)
    assert seen[0].shape == (50, 2, 2, 2)
    assert (seen[0] > 0).all()
    assert samples == pytest.approx(np.full(50, 28.0))


def test_a_seed_gives_the_same_resamples() -> None:
    first, again, other = (
        bootstrap_table([3, 4], share, resamples=5, seed=seed) for seed in (1, 1, 2)
    )
    assert (first == again).all()
    assert (first != other).all()


def test_tables_that_cannot_be_are_refused() -> None:
    for counts in ([0, 0], [-1, 2], [float("nan"), 2]):
        with pytest.raises(ValueError, match="not a count"):
            bootstrap_table(counts, share, resamples=5, seed=1)


def test_samples_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="all finite"):
        percentile_interval([0.1, float("nan"), 0.3], 0.95)
    with pytest.raises(ValueError, match="undefined"):
        table_interval([1, 2], lambda t: t[:, 0] * np.nan, 0.95, resamples=200, seed=1)


def test_confidence_that_resamples_cannot_tell_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        table_interval([1, 2], share, 0.999, resamples=1000, seed=1)


def test_effective_counts_need_not_be_whole() -> None:
    bounds = table_interval([30.5, 70.25], share, 0.95, resamples=40_000, seed=1)
    assert bounds == pytest.approx(clopper_pearson(30.5, 100.75, 0.95), abs=0.003)
