"""Bounds of table metrics: shards, weights, clusters, edges, and their error rates."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr
from statsmodels.stats.proportion import proportion_confint

from mlci.statistics.intervals import clopper_pearson
from mlci.statistics.joint import tabulate
from mlci.statistics.macro import Shares, macro_bounds
from mlci.statistics.table_bounds import table_difference, table_estimate

METRICS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")


def answers(n: int, k: int, seed: int = 1) -> list[NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    candidate = np.where(rng.random(n) < 0.8, truth, rng.integers(0, k, n))
    return [truth, candidate, np.where(rng.random(n) < 0.9, candidate, rng.integers(0, k, n))]


def test_shards_add_up_to_the_whole() -> None:
    columns = answers(300, 4)
    weight = np.random.default_rng(2).random(300)
    cluster = np.arange(300) // 3
    for given in ({}, {"weight": weight}, {"weight": weight, "cluster": cluster}):
        parts = [
            tabulate(
                *(each[rows] for each in columns),
                classes=4,
                **{name: each[rows] for name, each in given.items()},
            )
            for rows in (slice(0, 120), slice(120, 300))
        ]
        whole = tabulate(*columns, classes=4, **given)
        both = parts[1] + parts[0]
        assert both.table(0) == pytest.approx(whole.table(0))
        assert both.table(1) == pytest.approx(whole.table(1))
        for metric in METRICS:
            assert table_difference(metric, both, 0.95).lower == pytest.approx(
                table_difference(metric, whole, 0.95).lower
            )


def test_many_classes_are_counted_as_few_are() -> None:
    truth, candidate, champion = answers(500, 200)
    joint = tabulate(truth, candidate, champion, classes=200)
    assert joint.cells.size <= 500
    assert joint.sums.values.sum() == 500
    assert np.trace(joint.table(1)) == (truth == champion).sum()
    with pytest.raises(ValueError, match="not in 0"):
        tabulate(truth, candidate, champion, classes=100)


def test_one_class_has_exact_bounds_and_a_mean_of_one_wilsons() -> None:
    joint = tabulate(*answers(200, 3)[:2], classes=3)
    table = joint.table()
    found = table_estimate("recall", joint, 0.95, of=1)
    assert (found.lower, found.upper) == pytest.approx(
        clopper_pearson(table[1, 1], table[1].sum(), 0.95)
    )
    share = Shares(hits=np.array([40.0]), rows=np.array([1e9]))
    assert macro_bounds(share, 1.6) == pytest.approx(
        proportion_confint(40, 10**9, alpha=2 * ndtr(-1.6), method="wilson"), rel=0.05
    )


@pytest.mark.parametrize("metric", METRICS)
def test_no_error_seen_is_not_certainty(metric: str) -> None:
    truth = answers(90, 3)[0]
    joint = tabulate(truth, truth, truth, classes=3)
    found, gain = table_estimate(metric, joint, 0.95), table_difference(metric, joint, 0.95)
    assert found.estimate == found.upper == 1.0
    assert 0.8 < found.lower < 0.99
    assert gain.estimate == 0.0
    assert -0.1 < gain.lower < 0.0 < gain.upper < 0.1


@pytest.mark.parametrize("metric", METRICS)
def test_weights_and_clusters_widen(metric: str) -> None:
    columns = answers(1200, 3)
    plain = tabulate(*columns, classes=3)
    weight = np.where(np.arange(1200) % 10 == 0, 9.0, 0.2)
    weighted = tabulate(*columns, classes=3, weight=weight)
    repeated = [np.repeat(each[:240], 5) for each in columns]
    clustered = tabulate(*repeated, classes=3, cluster=np.repeat(np.arange(240), 5))
    fifth = tabulate(*(each[:240] for each in columns), classes=3)
    for ask in (table_estimate, table_difference):
        widths = [
            found.upper - found.lower
            for found in (ask(metric, each, 0.95) for each in (plain, weighted, clustered, fifth))
        ]
        assert widths[1] > 1.3 * widths[0]
        assert widths[2] > 0.95 * widths[3]
    same = tabulate(*columns, classes=3, weight=np.full(1200, 7.0))
    assert table_estimate(metric, same, 0.95).lower == pytest.approx(
        table_estimate(metric, plain, 0.95).lower, abs=2e-3
    )


def test_an_undefined_metric_has_no_bounds() -> None:
    joint = tabulate(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([0, 0, 1]), classes=3)
    with pytest.raises(ValueError, match="undefined"):
        table_estimate("recall", joint, 0.95)
    with pytest.raises(ValueError, match="undefined"):
        table_difference("precision", joint, 0.95, of=2)
