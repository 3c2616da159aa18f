"""Losses and areas of several classes: scikit-learn's values, shared rows, missing classes."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from mlci.statistics.auc import delong, paired_delong
from mlci.statistics.class_auc import (
    ClassRows,
    macro_auc,
    macro_auc_difference,
    macro_auc_value,
)
from mlci.statistics.class_losses import brier_losses, log_losses, top_label
from mlci.statistics.nobounds import NoBounds

NAMES = ("a", "b", "c")


def drawn(n: int, seed: int, digits: int = 9) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    truth = np.concatenate([[0, 1, 2], rng.integers(0, 3, n - 3)])
    raw = rng.random((n, 3)) + np.eye(3)[truth] * rng.random((n, 1))
    return truth, np.round(raw / raw.sum(axis=1, keepdims=True), digits)


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 30), st.integers(0, 999), st.sampled_from([1, 9]))
def test_values_are_scikit_learns_with_ties_and_weights(n: int, seed: int, digits: int) -> None:
    truth, p = drawn(n, seed, digits)
    weight = np.random.default_rng(seed).random(n) + 0.1
    assert np.average(brier_losses(truth, p), weights=weight) == pytest.approx(
        brier_score_loss(truth, p, labels=[0, 1, 2], sample_weight=weight)
        if digits == 9
        else np.average(((p - np.eye(3)[truth]) ** 2).sum(axis=1), weights=weight)
    )
    for each in (p, p.astype(np.float32)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            theirs = log_loss(truth, each, labels=[0, 1, 2], sample_weight=weight)
        assert np.average(log_losses(truth, each), weights=weight) == pytest.approx(
            theirs, rel=1e-5
        )
    for worth in (None, weight):
        areas = [roc_auc_score(truth == of, p[:, of], sample_weight=worth) for of in range(3)]
        rows = ClassRows(truth=truth, names=NAMES, weight=worth)
        assert macro_auc_value(rows, p) == pytest.approx(np.mean(areas))


def test_probabilities_of_zero_cost_what_their_type_says() -> None:
    none = np.array([[0.0, 1.0]])
    truth = np.array([0])
    assert log_losses(truth, none)[0] == pytest.approx(36.04, abs=0.01)
    assert log_losses(truth, none.astype(np.float32))[0] == pytest.approx(15.94, abs=0.01)


def test_the_label_said_and_how_sure_it_was() -> None:
    right, score = top_label(
        np.array([0, 1, 2]), np.array([[0.5, 0.5, 0], [0, 0.3, 0.7], [0, 0, 1]])
    )
    assert right.tolist() == [True, False, True]
    assert score.tolist() == [0.5, 0.7, 1.0]


def test_two_classes_are_no_narrower_than_one_area() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 300)
    p, q = (truth * 0.4 + rng.random(300) for _ in range(2))
    rows = ClassRows(truth=truth, names=NAMES[:2])
    pair = [np.stack([1.4 - each, each], axis=1) for each in (p, q)]
    for ours, theirs in (
        (macro_auc(rows, pair[0], 0.95), delong(truth == 1, p, 0.95)),
        (macro_auc_difference(rows, *pair, 0.95), paired_delong(truth == 1, p, q, 0.95)),
    ):
        assert (ours.estimate, ours.lower, ours.upper) == pytest.approx(
            (theirs.estimate, theirs.lower, theirs.upper), abs=2e-3
        )


def test_clusters_of_copies_count_once() -> None:
    truth, p = drawn(200, 4)
    _, q = drawn(200, 5)
    once = ClassRows(truth=truth, names=NAMES)
    copied = ClassRows(truth=np.repeat(truth, 4), names=NAMES, cluster=np.repeat(np.arange(200), 4))
    for ask, scores in ((macro_auc, [p]), (macro_auc_difference, [p, q])):
        one = ask(once, *scores, 0.95)
        many = ask(copied, *(np.repeat(each, 4, axis=0) for each in scores), 0.95)
        assert many.estimate == pytest.approx(one.estimate)
        assert many.upper - many.lower > 0.9 * (one.upper - one.lower)


def test_classes_without_rows_and_scores_that_are_no_numbers() -> None:
    _, p = drawn(5, 6)
    for truth, what in (([0, 1, 0, 1, 1], "no row is of class c"), ([0] * 5, "every row is")):
        rows = ClassRows(truth=np.array(truth), names=NAMES)
        for ask in (lambda r=rows: macro_auc_value(r, p), lambda r=rows: macro_auc(r, p, 0.95)):
            with pytest.raises(NoBounds, match=what):
                ask()
    rows = ClassRows(truth=np.array([0, 1, 2, 0, 1]), names=NAMES)
    with pytest.raises(ValueError, match="finite"):
        macro_auc(rows, np.where(p > 0.4, np.nan, p), 0.95)
