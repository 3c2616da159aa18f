"""Sums of weighted and clustered rows against brute force, statsmodels, and themselves merged."""

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from mlci.statistics.sums import Sums, of_cells, of_rows

Rows = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]


@st.composite
def tables(draw: st.DrawFn) -> Rows:
    """Cells 0 .. 2 of some rows, maybe weights, maybe clusters."""
    n = draw(st.integers(1, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    weight = random.exponential(size=n) if draw(st.booleans()) else None
    cluster = random.integers(0, draw(st.integers(1, n)), n) if draw(st.booleans()) else None
    return random.integers(0, 3, n), weight, cluster


def dense(sums: Sums) -> np.ndarray:
    return sums.cross if isinstance(sums.cross, np.ndarray) else sums.cross.toarray()


def units_of(rows: Rows) -> np.ndarray:
    """Each unit's sums, one by one."""
    cells, weight, cluster = rows
    w = np.ones(len(cells)) if weight is None else weight
    units = np.arange(len(cells)) if cluster is None else cluster
    found = np.zeros((units.max() + 1, 3))
    for unit, cell, each in zip(units, cells, w, strict=True):
        found[unit, cell] += each
    return found[np.unique(units)]


@settings(max_examples=60)
@given(tables())
def test_sums_are_those_of_the_units(rows: Rows) -> None:
    cells, weight, cluster = rows
    units = units_of(rows)
    for sums in (
        of_cells(cells, 3, weight=weight, cluster=cluster),
        of_rows(np.eye(3)[cells], weight=weight, cluster=cluster),
    ):
        assert sums.values == pytest.approx(units.sum(axis=0))
        assert dense(sums) == pytest.approx(units.T @ units)
        assert sums.cubes == pytest.approx((units**3).sum(axis=0))
        assert (sums.rows, sums.units) == (len(cells), len(units))
        assert sums.simple == (weight is None and cluster is None)


@settings(max_examples=60)
@given(tables(), tables())
def test_parts_add_up_to_the_whole(first: Rows, second: Rows) -> None:
    def joined(at: int) -> np.ndarray | None:
        one, other = first[at], second[at]
        if one is None or other is None:
            return None
        return np.concatenate([one, other + (one.max() + 1 if at == 2 else 0)])

    kinds = [tuple(each is None for each in rows) for rows in (first, second)]
    parts = [of_cells(c, 3, weight=w, cluster=u) for c, w, u in (first, second)]
    if kinds[0][2] != kinds[1][2]:
        with pytest.raises(ValueError, match="don't add up"):
            parts[0] + parts[1]
        return
    if kinds[0] != kinds[1]:
        return
    whole = of_cells(joined(0), 3, weight=joined(1), cluster=joined(2))
    for sums in (parts[0] + parts[1], parts[1] + parts[0]):
        assert sums.values == pytest.approx(whole.values)
        assert dense(sums) == pytest.approx(dense(whole))
        assert sums.cubes == pytest.approx(whole.cubes)
        assert (sums.rows, sums.units) == (whole.rows, whole.units)


def test_the_variance_of_a_rate_is_the_cluster_robust_one() -> None:
    random = np.random.default_rng(1)
    cluster = random.integers(0, 40, 500)
    hit = (random.random(500) < 0.2 + 0.5 * (cluster % 2)).astype(int)
    weight = random.exponential(size=500)
    sums = of_cells(hit, 2, weight=weight, cluster=cluster)
    rate = sums.values[1] / sums.values.sum()
    gradient = np.array([-rate, 1 - rate]) / sums.values.sum()
    model = sm.WLS(hit, np.ones(500), weights=weight)
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": cluster})
    assert rate == pytest.approx(fit.params[0])
    assert sums.variance(gradient) == pytest.approx(fit.cov_params()[0, 0])


def rate_gradient(sums: Sums) -> np.ndarray:
    rate = sums.values[1] / sums.values.sum()
    return np.array([-rate, 1 - rate]) / sums.values.sum()


def share(sums: Sums, confidence: float = 0.95) -> float:
    return sums.effective_share(rate_gradient(sums), np.ones(2, bool), confidence)


def test_copies_of_a_row_are_worth_one() -> None:
    hit = np.arange(300) % 2
    many = of_cells(np.repeat(hit, 7), 2, cluster=np.repeat(np.arange(300), 7))
    assert many.effective(rate_gradient(many), np.ones(2, bool), 0.95).sum() == pytest.approx(
        300, rel=0.02
    )
    assert share(of_cells(hit, 2)) == 1.0
    assert share(of_cells(hit, 2, weight=np.full(300, 9.0))) == pytest.approx(1.0, abs=0.02)


def test_weights_leave_kishs_number_of_rows() -> None:
    random = np.random.default_rng(2)
    weight, hit = random.exponential(size=5000), random.integers(0, 2, 5000)
    expected = weight.sum() ** 2 / (weight**2).sum() / 5000
    assert share(of_cells(hit, 2, weight=weight)) == pytest.approx(expected, rel=0.05)


def test_without_an_error_seen_a_cluster_is_one_row() -> None:
    sums = of_cells(np.ones(600, int), 2, cluster=np.repeat(np.arange(20), 30))
    assert sums.effective(rate_gradient(sums), np.ones(2, bool), 0.95).sum() == pytest.approx(20)


def test_one_cluster_is_one_row() -> None:
    sums = of_cells(np.arange(50) % 2, 2, cluster=np.zeros(50, int))
    assert np.isinf(sums.variance(rate_gradient(sums)))
    assert share(sums) == pytest.approx(1 / 50)


def test_cells_that_are_empty_have_no_share() -> None:
    sums = of_cells(np.zeros(50, int), 2, cluster=np.arange(50) % 9)
    assert sums.effective_share([0.0, 0.0], np.array([False, True]), 0.95) == 0.0


def test_degrees_of_freedom_are_of_the_units_that_bear_the_events() -> None:
    """Ten clusters of a hundred; the events of all but one, or of one, decide."""
    cluster = np.repeat(np.arange(10), 100)
    even = of_cells((np.arange(1000) % 4 == 0).astype(int), 2, cluster=cluster)
    assert even.degrees(rate_gradient(even)) == pytest.approx(10 / 2 - 1)
    one = of_cells((cluster == 3).astype(int), 2, cluster=cluster)
    assert one.degrees(rate_gradient(one)) == pytest.approx(1 / 2 - 1)
    assert np.isinf(one.quantile(0.95, rate_gradient(one)))
    assert share(one) == pytest.approx(10 / 1000)
    # More cells in one sum: as if all of them, or a little skewer.
    fine = of_cells(np.arange(1000) % 4, 4, cluster=cluster)
    split = np.array([1.0, 1.0, -1.0, -1.0]) / 1000
    assert fine.degrees(split) == pytest.approx(10 / 2 - 1)


def test_few_clusters_have_students_quantile() -> None:
    cluster = np.repeat(np.arange(12), 50)
    sums = of_cells((np.arange(600) % 2), 2, cluster=cluster)
    gradient = rate_gradient(sums)
    assert sums.quantile(0.95, gradient) == pytest.approx(2.0150, abs=1e-3)  # 5 degrees
    assert of_cells(np.arange(600) % 2, 2).quantile(0.95, gradient) == pytest.approx(ndtri(0.95))


def test_a_cluster_code_that_never_occurs_is_no_cluster() -> None:
    codes: Any = np.array([0, 0, 7, 7])
    for sums in (of_cells(codes % 2, 2, cluster=codes), of_rows(np.ones((4, 1)), cluster=codes)):
        assert sums.clusters == 2


def test_weights_that_do_not_quite_add_up_are_no_errors() -> None:
    """0.1 + 0.2 + ... leaves a rate of 1 - 2e-16, which has a variance but no error in it."""
    weight = np.random.default_rng(3).random(900) * 0.3
    sums = of_cells(np.ones(900, int), 2, weight=weight, cluster=np.repeat(np.arange(9), 100))
    rate = 1.0 - 2e-16
    gradient = np.array([-rate, 1 - rate]) / sums.values.sum()
    assert sums.effective(gradient, np.ones(2, bool), 0.95).sum() < 9.1
