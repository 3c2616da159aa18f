"""The area and its DeLong interval against scikit-learn and the bootstrap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import roc_auc_score

from mlci.statistics.auc import auc, delong, paired_delong


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(2, 60))
    truth = draw(hnp.arrays(bool, n).filter(lambda t: t.any() and not t.all()))
    # Few values, so that ties are common.
    return truth, draw(hnp.arrays(float, n, elements=st.sampled_from([-1.0, 0.0, 0.25, 0.5, 9.0])))


@given(scored())
def test_area_equals_scikit_learn(sample: tuple[np.ndarray, np.ndarray]) -> None:
    truth, score = sample
    expected = roc_auc_score(truth, score)
    assert auc(truth, score) == pytest.approx(expected)
    found = delong(truth, score, 0.95)
    assert found.estimate == pytest.approx(expected)
    assert 0.0 <= found.lower <= expected + 1e-12
    assert expected - 1e-12 <= found.upper <= 1.0


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
    assert paired.lower == pytest.approx(paired.estimate - 1.6449 * paired.se, rel=1e-3)


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
    assert found.estimate == 0.5
    assert found.lower == pytest.approx(0.5 * 0.05**0.1)
    assert found.upper == pytest.approx(1 - 0.5 * 0.05**0.1)


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
    assert 0.0 < found.lower < 0.2 < found.estimate < 0.8 < found.upper < 1.0


@pytest.mark.parametrize("truth", [[True, True], [False, False]])
def test_one_class_only_is_refused(truth: list[bool]) -> None:
    with pytest.raises(ValueError, match="only one class"):
        auc(truth, [0.1, 0.2])


def test_scores_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        auc([True, False], [0.1, float("nan")])
    with pytest.raises(ValueError, match="same length"):
        paired_delong([True, False], [0.1, 0.2], [0.1], 0.95)
