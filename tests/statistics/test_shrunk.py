"""Effective rates of groups, against counts of independent rows and brute-force covariances."""

import numpy as np
import pytest

from mlci.statistics.fairness import pairwise
from mlci.statistics.fairness_gap import change_of_tables, gap_change
from mlci.statistics.shrunk import paired_rates, rates
from mlci.statistics.sums import of_cells

AMONG = np.repeat(np.eye(3, dtype=bool), 2, axis=1)  # three groups of cells failure, success
HIT = AMONG & (np.arange(6) % 2 == 1)


def drawn(seed: int, clusters: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Cells of rows whose clusters span the groups and share their luck."""
    random = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), 30)
    luck = random.random(clusters)[cluster]
    return 2 * random.integers(0, 3, cluster.size) + (random.random(cluster.size) < luck), cluster


def test_independent_rows_are_their_own_counts() -> None:
    cells, _ = drawn(1)
    found = rates(of_cells(cells, 6), HIT, AMONG, 0.95)
    counts = np.bincount(cells, minlength=6)
    assert found.successes == pytest.approx(counts[1::2])
    assert found.totals == pytest.approx(counts[::2] + counts[1::2])
    assert found.correlation is None


def test_clusters_shrink_groups_and_correlate_them() -> None:
    cells, cluster = drawn(2)
    found = rates(of_cells(cells, 6, cluster=cluster), HIT, AMONG, 0.95)
    counts = np.bincount(cells, minlength=6)
    assert found.successes / found.totals == pytest.approx(
        counts[1::2] / (counts[::2] + counts[1::2])
    )
    assert np.all(found.totals < 0.4 * (counts[::2] + counts[1::2]))
    assert np.all(found.totals >= 55)
    units = np.zeros((60, 6))
    np.add.at(units, (cluster, cells), 1.0)
    hits, rows = units[:, 1::2], units[:, ::2] + units[:, 1::2]
    expected = np.corrcoef((hits - hits.sum(0) / rows.sum(0) * rows).T)
    assert found.correlation == pytest.approx(expected, abs=0.01)


def test_shared_luck_cancels_in_the_difference_of_groups() -> None:
    cells, cluster = drawn(3)
    found = rates(of_cells(cells, 6, cluster=cluster), HIT, AMONG, 0.95)
    asked = {"kind": "difference", "limit": 0.1, "confidence": 0.95, "assure": True}
    apart = pairwise(found.successes, found.totals, **asked)
    bound = pairwise(found.successes, found.totals, correlation=found.correlation, **asked)
    for loose, tight in zip(apart, bound, strict=True):
        assert tight.upper - tight.lower < 0.9 * (loose.upper - loose.lower)


def test_an_empty_group_shows_nothing() -> None:
    cells, cluster = drawn(4)
    kept = cells < 4
    found = rates(of_cells(cells[kept], 6, cluster=cluster[kept]), HIT, AMONG, 0.95)
    assert (found.successes[2], found.totals[2]) == (0.0, 0.0)
    pairs = pairwise(
        found.successes, found.totals, kind="difference", limit=0.1, confidence=0.95,
        assure=False, correlation=found.correlation,
    )  # fmt: skip
    assert pairs[2].estimate is None


def paired(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cells group * 4 + candidate * 2 + champion, clusters, and what the cells are."""
    random = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(50), 40)
    luck = random.random(50)[cluster]
    champion = random.random(2000) < luck
    candidate = np.where(random.random(2000) < 0.1, ~champion, champion)
    cells = random.integers(0, 2, 2000) * 4 + candidate * 2 + champion
    names = np.arange(8)
    return cells, cluster, names // 2 % 2 == 1, names % 2 == 1, names // 4


def test_pairs_of_independent_rows_are_counted() -> None:
    cells, _, first, second, group = paired(5)
    among = group == np.arange(2)[:, None]
    models = (np.broadcast_to(each, among.shape) for each in (first, second))
    found = paired_rates(of_cells(cells, 8), *models, among, 0.95)
    assert found.tables == pytest.approx(np.bincount(cells, minlength=8).reshape(2, 2, 2))


def test_clusters_widen_the_change_of_the_gap() -> None:
    cells, cluster, first, second, group = paired(6)
    among = group == np.arange(2)[:, None]
    models = [np.broadcast_to(each, among.shape) for each in (first, second)]
    found = paired_rates(of_cells(cells, 8, cluster=cluster), *models, among, 0.95)
    assert np.all(found.tables.sum(axis=(1, 2)) < 400)
    counts = np.zeros((2, 2, 2, 2), np.int64)
    counts[:, 0] = np.bincount(cells, minlength=8).reshape(2, 2, 2)
    plain = gap_change(counts, "selection_rate", 0.95)
    robust = change_of_tables(found.tables, 0.95, found.correlation)
    assert robust.estimate == pytest.approx(plain.estimate)
    assert robust.lower < plain.lower
    assert robust.upper > plain.upper
    # What clusters across groups add can only widen.
    apart = change_of_tables(found.tables, 0.95)
    assert robust.upper >= apart.upper
    assert robust.lower <= apart.lower


def test_correlations_that_cannot_be_are_refused() -> None:
    for wrong in (np.eye(3), [[1.0, 2.0], [2.0, 1.0]], [[1.0, float("nan")], [0.0, 1.0]]):
        with pytest.raises(ValueError, match="correlations"):
            pairwise(
                [1, 2], [9, 9], kind="difference", limit=0.1, confidence=0.95, assure=False,
                correlation=wrong,
            )  # fmt: skip
