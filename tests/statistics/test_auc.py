"""The area and its DeLong interval against scikit-learn and the bootstrap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import roc_auc_score

from mlci.statistics.auc import auc, delong, paired_delong
from mlci.statistics.intervals import clopper_pearson


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(2, 60))
    truth = draw(hnp.arrays(bool, n).filter(lambda t: t.any() and not t.all()))
    # Few values, so that ties are common.
    return truth, draw(hnp.arrays(float, n, elements=st.sampled_from([-1.0, 0.0, 0.25, 0.5, 9.0])))


@settings(max_examples=40)
@given(scored())
def test_area_equals_scikit_learn(sample: tuple[np.ndarray, np.ndarray]) -> None:
    truth, score = sample
    expected = roc_auc_score(truth, score)
    assert auc(truth, score) == pytest.approx(expected)
    found = delong(truth, score, 0.95)
    assert found.estimate == pytest.approx(expected)
    assert 0.0 <= found.lower <= expected + 1e-12
    assert expected - 1e-12 <= found.upper <= 1.0


@settings(max_examples=40)
@given(scored())
def test_only_the_order_of_scores_counts(sample: tuple[np.ndarray, np.ndarray]) -> None:
    truth, score = sample
    assert delong(truth, score, 0.95) == delong(truth, np.exp(score), 0.95)
    flipped = delong(~truth, -score, 0.95)
    assert flipped.lower == pytest.approx(delong(truth, score, 0.95).lower)


def test_standard_errors_agree_with_the_bootstrap() -> None:
    random = np.random.default_rng(2)
    truth = np.arange(600) < 200
    shared, own = random.normal(size=(2, 600))
    champion = np.round(shared + truth, 1)
    candidate = np.round(champion + 0.5 * own, 1)
    areas = []
    for _ in range(1500):
        # The classes' sizes are fixed, as DeLong's variance has them.
        rows = np.concatenate([random.integers(0, 200, 200), random.integers(200, 600, 400)])
        areas.append((auc(truth[rows], candidate[rows]), auc(truth[rows], champion[rows])))
    first, second = np.transpose(areas)
    assert delong(truth, candidate, 0.95).se == pytest.approx(first.std(), rel=0.08)
    paired = paired_delong(truth, candidate, champion, 0.95)
    assert paired.se == pytest.approx((first - second).std(), rel=0.08)
    assert paired.estimate == pytest.approx(auc(truth, candidate) - auc(truth, champion))
    assert paired.estimate - 1.72 * paired.se < paired.lower < paired.estimate - 1.6449 * paired.se


def test_a_perfect_score_is_not_certainty() -> None:
    truth = np.arange(100) < 10
    found = delong(truth, truth.astype(float), 0.95)
    assert (found.estimate, found.upper, found.se) == (1.0, 1.0, 0.0)
    # Ten pairs without a common row were all right: at least 0.05^(1/10) of all pairs are.
    assert found.lower == pytest.approx(0.05**0.1)
    worst = delong(truth, -truth.astype(float), 0.95)
    assert (worst.estimate, worst.lower) == (0.0, 0.0)
    assert worst.upper == pytest.approx(1 - 0.05**0.1)


def test_a_constant_score_may_not_be_one_elsewhere() -> None:
    found = delong(np.arange(100) < 10, np.zeros(100), 0.95)
    assert (found.estimate, found.se, found.effective) == (0.5, 0.0, 10.0)
    # Ten pairs without a common row, ranked right with chance one half.
    assert (found.lower, found.upper) == pytest.approx(clopper_pearson(5, 10, 0.95))


def test_models_that_rank_alike_may_differ_elsewhere() -> None:
    random = np.random.default_rng(3)
    truth, score = np.arange(100) < 10, random.random(100)
    found = paired_delong(truth, 2 * score, score, 0.95)
    assert (found.estimate, found.se) == (0.0, 0.0)
    assert found.upper == pytest.approx(1 - 0.05**0.1)
    assert found.lower == -found.upper


def test_one_positive_row_tells_little() -> None:
    truth = np.arange(50) < 1
    found = delong(truth, np.linspace(1, 0, 50) - 0.5 * truth, 0.95)
    assert found.lower < 0.1 < found.estimate < 0.9 < found.upper


@pytest.mark.parametrize("truth", [[True, True], [False, False]])
def test_one_class_only_is_refused(truth: list[bool]) -> None:
    with pytest.raises(ValueError, match="only one class"):
        auc(truth, [0.1, 0.2])


def test_scores_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        auc([True, False], [0.1, float("nan")])
    with pytest.raises(ValueError, match="same length"):
        paired_delong([True, False], [0.1, 0.2], [0.1], 0.95)


def clustered(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Truth, two models' scores and clusters of rows whose scores move together."""
    random = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(40), 10)
    truth = random.random(400) < 0.4
    champion = truth + random.normal(size=40)[cluster] + random.normal(size=400)
    return truth, champion + 0.7 * random.normal(size=400), champion, cluster


def test_clusters_have_obuchowskis_variance() -> None:
    truth, score, _, cluster = clustered(4)
    wins = (score[truth, None] > score[~truth]).astype(float)
    area, m, n = wins.mean(), int(truth.sum()), int((~truth).sum())
    parts = np.zeros(40)
    np.add.at(parts, cluster[truth], (wins.mean(axis=1) - area) / m)
    np.add.at(parts, cluster[~truth], (wins.mean(axis=0) - area) / n)
    found = delong(truth, score, 0.95, cluster=cluster)
    assert found.estimate == pytest.approx(area)
    assert found.se == pytest.approx(np.sqrt((parts**2).sum() * 40 / 39))
    assert found.effective < 40
    alone = delong(truth, score, 0.95)
    assert alone.lower > found.lower
    assert alone.upper < found.upper


def test_clustered_errors_agree_with_a_bootstrap_of_clusters() -> None:
    truth, candidate, champion, cluster = clustered(5)
    random = np.random.default_rng(6)
    rows = np.arange(400).reshape(40, 10)
    gains = []
    for _ in range(600):
        at = rows[random.integers(0, 40, 40)].ravel()
        gains.append(auc(truth[at], candidate[at]) - auc(truth[at], champion[at]))
    found = paired_delong(truth, candidate, champion, 0.95, cluster=cluster)
    assert found.se == pytest.approx(np.std(gains), rel=0.12)


def test_rows_of_their_own_cluster_are_independent() -> None:
    truth, candidate, champion, _ = clustered(7)
    own = np.random.default_rng(8).permutation(400)
    alone, each = (
        paired_delong(truth, candidate, champion, 0.95, cluster=cluster) for cluster in (None, own)
    )
    assert each.estimate == alone.estimate
    assert each.se == pytest.approx(alone.se, rel=0.01)
    assert each.effective == pytest.approx(alone.effective)


def test_a_weight_is_worth_as_many_rows_of_one_cluster() -> None:
    truth, candidate, champion, cluster = clustered(9)
    times = np.random.default_rng(10).integers(1, 4, 400)
    repeated = [np.repeat(each, times) for each in (truth, candidate, champion, cluster)]
    more = paired_delong(*repeated[:3], 0.95, cluster=repeated[3])
    found = paired_delong(truth, candidate, champion, 0.95, weight=times, cluster=cluster)
    assert (found.estimate, found.lower, found.upper) == pytest.approx(
        (more.estimate, more.lower, more.upper)
    )
    assert auc(truth, candidate, weight=times) == pytest.approx(
        roc_auc_score(truth, candidate, sample_weight=times)
    )


def test_rows_of_no_weight_count_for_nothing() -> None:
    truth, candidate, champion, _ = clustered(11)
    weight = np.ones(400)
    weight[100:] = 0.0
    kept = slice(0, 100)
    assert auc(truth, candidate, weight=weight) == pytest.approx(auc(truth[kept], candidate[kept]))
    found = paired_delong(truth, candidate, champion, 0.95, weight=weight)
    fewer = paired_delong(truth[kept], candidate[kept], champion[kept], 0.95)
    assert found.effective == pytest.approx(fewer.effective)


def test_many_rows_are_ranked_each_by_both_models() -> None:
    random = np.random.default_rng(12)
    truth, score = random.random(120_000) < 0.2, random.random(120_000)
    found = paired_delong(truth, score, np.round(score, 2), 0.95)
    assert found.estimate == pytest.approx(auc(truth, score) - auc(truth, np.round(score, 2)))


def test_models_that_differ_in_one_row_tell_no_spread() -> None:
    truth, score = np.arange(60) < 30, np.random.default_rng(13).random(60)
    other = score.copy()
    other[0] += 2.0
    found = paired_delong(truth, other, score, 0.95)
    assert (found.lower, found.upper) == (-1.0, 1.0)


@pytest.mark.parametrize("weight", [[1.0, -1.0], [1.0, float("nan")], [1.0, 0.0], [1.0]])
def test_weights_that_cannot_be_are_refused(weight: list[float]) -> None:
    with pytest.raises(ValueError, match=r"weight|only one class|same length"):
        auc([True, False], [0.1, 0.2], weight=weight)
