"""Thinned curves: few points, each on scikit-learn's whole curve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve, roc_curve

from mlci.statistics.curves import curves


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 999), st.sampled_from([3, 300]), st.booleans())
def test_points_are_exact_few_and_rise(seed: int, levels: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    truth = np.concatenate([[True, False], rng.random(400) < 0.3])
    score = rng.integers(0, levels, 402) / levels + 0.2 * truth
    weight = rng.random(402) + 0.1 if weighted else None
    found = curves(truth, score, weight, most=41)
    false, true, _ = roc_curve(truth, score, sample_weight=weight, drop_intermediate=False)
    precision, recall, _ = precision_recall_curve(truth, score, sample_weight=weight)
    for points, whole in (
        (found.roc, np.stack([false, true], axis=1)),
        (found.precision_recall, np.stack([recall, precision], axis=1)),
    ):
        assert len(points) <= 41
        assert np.all(np.diff([point[0] for point in points]) >= 0)
        assert all(np.abs(whole - point).max(axis=1).min() < 1e-9 for point in points)
    assert found.roc[0] == (0.0, 0.0)
    assert found.roc[-1] == pytest.approx((1.0, 1.0))
    assert found.precision_recall[-1][0] == pytest.approx(1.0)
    assert np.all(np.diff([point[1] for point in found.roc]) >= 0)


def test_small_curves_are_whole_and_large_ones_even() -> None:
    assert curves([False, True], [0.1, 0.9]).roc == ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0))
    truth = np.arange(100_000) % 3 == 0
    found = curves(truth, np.arange(100_000) % 7919 + truth * 500)
    steps = np.diff(np.array(found.roc), axis=0).sum(axis=1)
    assert len(found.roc) == 101
    assert steps.max() < 0.03


def test_no_curve_of_one_class_or_scores_that_are_no_numbers() -> None:
    for truth, weight in (([True, True], None), ([True, False], [1.0, 0.0])):
        with pytest.raises(ValueError, match="only one class"):
            curves(truth, [0.1, 0.2], weight)
    with pytest.raises(ValueError, match="finite"):
        curves([True, False], [0.1, float("nan")])
