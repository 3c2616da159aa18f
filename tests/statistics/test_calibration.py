"""Calibration error, curve and decomposition: scikit-learn's values, and bounds that hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve as their_curve
from sklearn.metrics import brier_score_loss

from mlci.statistics.calibration import (
    brier_parts,
    calibration_change,
    calibration_curve,
    calibration_error,
    calibration_sums,
)

Rows = tuple[NDArray[np.bool_], NDArray[np.float64]]


def drawn(n: int, shift: float = 0.0, seed: int = 1) -> Rows:
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    return rng.random(n) < score + shift * (0.5 - score), score


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.floats(0.001, 0.999)), min_size=2, max_size=40),
    st.integers(0, 5),
)
def test_curve_and_brier_are_scikit_learns(rows: list[tuple[bool, float]], seed: int) -> None:
    hit, score = (np.array(each) for each in zip(*rows, strict=True))
    score = score + 1e-4 * np.random.default_rng(seed).random(score.size)
    points = calibration_curve(calibration_sums(hit, score), 0.95)
    rate, mean = their_curve(hit, score, n_bins=15) if len(set(hit)) == 2 else (None, None)
    if rate is not None:
        assert [point.rate for point in points] == pytest.approx(rate.tolist())
        assert [point.score for point in points] == pytest.approx(mean.tolist())
    assert sum(point.n for point in points) == pytest.approx(len(rows))
    assert all(point.lower <= point.rate <= point.upper for point in points)
    weight = np.arange(1, hit.size + 1) / 3.0
    parts = brier_parts(calibration_sums(hit, score, weight=weight))
    assert parts.brier == pytest.approx(
        brier_score_loss(hit, score, sample_weight=weight, pos_label=True)
        if len(set(hit)) == 2
        else np.average((hit - score) ** 2, weights=weight)
    )
    assert parts.brier == pytest.approx(
        parts.reliability - parts.resolution + parts.uncertainty + parts.within
    )


def test_the_plain_error_is_the_usual_sum_and_the_estimate_lies_below() -> None:
    hit, score = drawn(500)
    at = (score * 15).astype(int)
    usual = sum(
        (at == b).mean() * abs(hit[at == b].mean() - score[at == b].mean()) for b in set(at)
    )
    found = calibration_error(calibration_sums(hit, score), 0.95)
    assert found.plain == pytest.approx(usual)
    assert 0.0 <= found.lower <= found.estimate < found.plain < found.upper


def test_scores_on_edges_and_out_of_range() -> None:
    sums = calibration_sums([True, False, True], [0.0, 0.2, 1.0], bins=5)
    assert sums.values.reshape(5, 4)[:, 0].tolist() == [1, 1, 0, 0, 1]
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"not|isn't"):
            calibration_sums([True], [wrong])
    with pytest.raises(ValueError, match="no rows"):
        calibration_error(calibration_sums([], []), 0.95)


def test_shards_weights_and_clusters() -> None:
    hit, score = drawn(600, shift=0.6)
    cluster = np.arange(600) // 6
    for extra in ({}, {"weight": np.arange(600) % 7 + 0.5}, {"cluster": cluster}):
        halves = [
            calibration_sums(hit[rows], score[rows], **{k: v[rows] for k, v in extra.items()})
            for rows in (slice(300, 600), slice(0, 300))
        ]
        whole = calibration_error(calibration_sums(hit, score, **extra), 0.95)
        both = calibration_error(halves[0] + halves[1], 0.95)
        assert (both.lower, both.upper) == pytest.approx((whole.lower, whole.upper))
    few = calibration_error(calibration_sums(hit[:100], score[:100]), 0.95)
    repeated = calibration_sums(
        np.repeat(hit[:100], 6), np.repeat(score[:100], 6), cluster=np.repeat(np.arange(100), 6)
    )
    clustered = calibration_error(repeated, 0.95)
    assert clustered.plain == pytest.approx(few.plain)
    assert clustered.upper > 0.9 * few.upper


def test_errors_that_were_not_seen_may_exist() -> None:
    found = calibration_error(calibration_sums(np.ones(100), np.full(100, 0.9999)), 0.95)
    assert found.plain == pytest.approx(0.0001)
    assert found.upper > 0.02


def test_the_change_holds_both_models_bounds() -> None:
    hit, score = drawn(5000)
    sums = [calibration_sums(hit, said) for said in (score, 0.5 + 0.4 * (score - 0.5))]
    gain = calibration_change(*sums, 0.95)
    assert gain.upper < 0.0
    assert gain.lower < gain.estimate < gain.upper
    same = calibration_change(sums[0], sums[0], 0.95)
    assert same.lower < 0.0 == same.estimate < same.upper
