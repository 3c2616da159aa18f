"""Two models in rows of clusters: the rate that varies most decides what the rows are worth."""

from dataclasses import replace

import numpy as np
import pytest

from mlci.statistics.shrunk import paired_rates
from mlci.statistics.sums import of_cells, of_rows

ROWS, EACH = 1200, 10


def made(kind, rng):
    """Both models' successes; ``kind``: which of three rates the clusters of EACH rows bind."""
    shared = np.repeat(rng.random(ROWS // EACH) < 0.5, EACH)
    free = rng.random((2, ROWS)) < 0.5
    if kind == "candidate":
        return shared, free[0]
    if kind == "champion":
        return free[0], shared
    # Within a cluster the same model is right: each rate varies as rows do, their difference not.
    return np.where(shared, free[0] | (free[1]), free[0] & free[1]), ~np.where(
        shared, free[0] | free[1], free[0] & free[1]
    )


@pytest.mark.parametrize("kind", ["candidate", "champion", "difference"])
def test_a_table_has_the_rows_of_its_most_variable_rate(kind):
    own, other = made(kind, np.random.default_rng(4))
    cluster = np.arange(ROWS) // EACH
    sums = of_cells(2 * own + other, 4, cluster=cluster)
    first, second = np.array([[0, 0, 1, 1]], bool), np.array([[0, 1, 0, 1]], bool)
    found = paired_rates(sums, first, second, np.ones((1, 4), bool), 0.95)
    gradients = [(mask[0] - hit.mean()) / ROWS for mask, hit in ((first, own), (second, other))]
    worth = [
        ROWS * sums.effective_share(each, np.ones(4, bool), 0.95)
        for each in (*gradients, gradients[0] - gradients[1])
    ]
    seen = np.array(
        [[(~own & ~other).sum(), (~own & other).sum()], [(own & ~other).sum(), (own & other).sum()]]
    )
    assert found.tables[0] == pytest.approx(seen / ROWS * min(worth))
    assert min(worth) < ROWS
    # The least is that of the rate which clusters bind.
    assert worth[["candidate", "champion", "difference"].index(kind)] == pytest.approx(min(worth))


def test_rates_of_groups_that_share_clusters_are_correlated_model_by_model():
    rng = np.random.default_rng(6)
    people = ROWS // 2
    alike = np.repeat(rng.random(people) < 0.5, 2)
    group, cluster = np.tile([0, 1], people), np.repeat(np.arange(people), 2)
    own = alike ^ (rng.random(ROWS) < 0.1)
    other = np.where(group == 1, alike, rng.random(ROWS) < 0.5)
    sums = of_cells(4 * group + 2 * own + other, 8, cluster=cluster)
    eye = np.eye(2, dtype=bool)
    masks = (np.array([[0, 0, 1, 1]]), np.array([[0, 1, 0, 1]]), np.ones((1, 4)))
    found = paired_rates(sums, *(np.kron(eye, each).astype(bool) for each in masks), 0.95)
    influence = np.stack(
        [
            np.bincount(cluster, weights=(group == g) * (hit - hit[group == g].mean()))
            for hit in (own, other)
            for g in (0, 1)
        ]
    )
    second = influence @ influence.T
    spread = np.sqrt(np.diag(second))
    assert found.correlation == pytest.approx(second / np.outer(spread, spread))


def test_weights_of_one_part_are_weights_of_the_whole():
    plain = of_rows(np.ones((5, 1)))
    weighted = replace(plain, weighted=True)
    assert (plain + weighted).weighted
    assert (weighted + plain).weighted
    assert not (plain + plain).weighted


def test_clusters_that_cancel_out_tell_nothing_of_the_variance():
    """Each cluster has one success of two: no variance is seen, and a cluster counts as one row."""
    sums = of_cells(np.tile([0, 1], 100), 2, cluster=np.repeat(np.arange(100), 2))
    gradient, every = np.array([-0.5, 0.5]) / 200, np.ones(2, bool)
    assert sums.variance(gradient) == 0.0
    assert sums.effective_share(gradient, every, 0.95) == pytest.approx(0.5)
    alone = of_cells(np.array([0, 1, 1]), 2, cluster=np.zeros(3, int))
    gradient = np.array([-2 / 3, 1 / 3]) / 3
    assert alone.effective_share(gradient, every, 0.95) == pytest.approx(1 / 3)
