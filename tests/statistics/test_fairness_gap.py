"""The change of the widest gap, from joint counts of both models."""

import numpy as np
import pytest
from fairlearn.metrics import (
    MetricFrame,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import accuracy_score

from mlci.statistics.fairness_gap import gap_change, paired_table

METRICS = {
    "selection_rate": selection_rate,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
    "false_negative_rate": false_negative_rate,
    "accuracy": accuracy_score,
}
COUNTS = hnp.arrays(
    np.int64, st.tuples(st.integers(2, 4), *(st.just(2),) * 3), elements=st.integers(1, 400)
)


@pytest.mark.parametrize("metric", METRICS)
def test_gaps_equal_fairlearns(metric: str) -> None:
    counts = np.random.default_rng(5).integers(1, 60, (3, 2, 2, 2))
    group, truth, candidate, champion = (
        np.repeat(axis.ravel(), counts.ravel()) for axis in np.indices(counts.shape)
    )
    found = gap_change(counts, metric, 0.95)
    for answers, gap in ((candidate, found.candidate), (champion, found.champion)):
        frame = MetricFrame(
            metrics=METRICS[metric], y_true=truth, y_pred=answers, sensitive_features=group
        )
        assert gap == pytest.approx(frame.difference())
    assert found.estimate == pytest.approx(found.candidate - found.champion)


@given(COUNTS, st.sampled_from(sorted(METRICS)))
def test_bounds_hold_the_estimate_and_mirror(counts: np.ndarray, metric: str) -> None:
    found = gap_change(counts, metric, 0.95)
    assert -1.0 <= found.lower <= found.estimate + 1e-9
    assert found.estimate - 1e-9 <= found.upper <= 1.0
    swapped = gap_change(counts.swapaxes(2, 3), metric, 0.95)
    assert (swapped.lower, swapped.upper) == pytest.approx((-found.upper, -found.lower))
    wider = gap_change(counts, metric, 0.99)
    assert wider.lower <= found.lower + 1e-12
    assert wider.upper >= found.upper - 1e-12


def test_the_same_answers_change_nothing_but_prove_little_in_few_rows() -> None:
    counts = np.zeros((2, 2, 2, 2), np.int64)
    counts[:, 1, 1, 1], counts[:, 1, 0, 0] = 70, 30
    few = gap_change(counts, "true_positive_rate", 0.95)
    many = gap_change(counts * 100, "true_positive_rate", 0.95)
    assert few.estimate == many.estimate == 0.0
    assert few.upper > 0.03
    assert many.upper < 0.001


def test_a_much_wider_gap_is_shown_wider() -> None:
    counts = np.zeros((2, 2, 2, 2), np.int64)
    counts[:, 0, 0, 0], counts[:, 0, 1, 1] = 700, 300
    counts[1, 0, 0, 0], counts[1, 0, 1, 0] = 500, 200
    found = gap_change(counts, "selection_rate", 0.95)
    assert found.estimate == pytest.approx(0.2)
    assert found.lower > 0.1


def test_groups_without_rows_are_left_out() -> None:
    counts = np.zeros((3, 2, 2, 2), np.int64)
    counts[:2, 1] = 10
    counts[2, 0] = 10
    assert gap_change(counts, "true_positive_rate", 0.95).groups == 2
    with pytest.raises(ValueError, match="two groups"):
        gap_change(counts[1:], "true_positive_rate", 0.95)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        paired_table(np.ones((2, 2, 2), np.int64), "accuracy")
    with pytest.raises(ValueError, match="none of"):
        paired_table(np.ones((2, 2, 2, 2), np.int64), "f1")
    with pytest.raises(ValueError, match="not a count"):
        paired_table(np.full((2, 2, 2, 2), -1), "accuracy")
