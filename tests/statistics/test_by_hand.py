"""Bounds worked out by hand, row by row: what each correction in them does to the number."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr, ndtri, stdtrit
from scipy.stats import beta

from mlci.statistics.auc import delong, paired_delong
from mlci.statistics.calibration import calibration_change, calibration_error, calibration_sums
from mlci.statistics.class_auc import ClassRows, macro_auc, macro_auc_difference

Z = ndtri(0.95)


def exact(rate, n, level=0.05):
    hits = rate * n
    return beta.ppf(level, hits, n - hits + 1), beta.ppf(1 - level, hits + 1, n - hits)


def excess(t):
    """E|t + Z| - t."""
    return 2 * (np.exp(-0.5 * t * t) / np.sqrt(2 * np.pi) - t * ndtr(-t))


@pytest.mark.parametrize(("shift", "copies"), [(0.15, 1), (0.02, 1), (0.15, 10)])
def test_calibration_takes_noise_out_on_both_sides(shift, copies):
    """``copies``: so many rows of a cluster, in all bins, that are positive together."""
    rng = np.random.default_rng(4)
    bins, n = 4, 600
    score, unit = rng.random(n), np.arange(n) // copies
    hit = np.repeat(rng.random(n // copies), copies) < 0.8 * score + shift
    cluster = unit if copies > 1 else None
    found = calibration_error(calibration_sums(hit, score, bins=bins, cluster=cluster), 0.95)
    at = np.minimum((score * bins).astype(int), bins - 1)
    size = np.bincount(at)
    share, rate, mean = (
        size / n,
        np.bincount(at, weights=hit) / size,
        np.bincount(at, weights=score) / size,
    )
    apart = np.zeros((unit[-1] + 1, bins))
    np.add.at(apart, (unit, at), hit - rate[at])
    rows = np.minimum(rate * (1 - rate) / (np.square(apart).sum(axis=0) / size**2), size)
    low, high = exact(rate, rows)
    wide = share * np.maximum(high - rate, rate - low) / Z
    narrow = share * np.sqrt(rate * (1 - rate) / rows)
    term = share * np.abs(rate - mean)
    plain = term.sum()
    influence = np.bincount(unit, weights=np.sign(rate - mean)[at] * (hit - score) - plain) / n
    units = influence.size
    spreads = (
        np.linalg.norm(wide),
        np.sqrt(np.square(influence).sum() * units / (units - 1)),
    )
    assert (spreads[0] < spreads[1]) == (copies > 1)
    spread = Z * max(spreads)
    estimate = max(plain - (narrow * excess(term / narrow)).sum(), 0)
    lower = plain - spread - (wide * excess(np.maximum(term / wide - 2, 0))).sum()
    most = (plain + spread) / narrow.sum()
    upper = narrow.sum() * brentq(lambda t: most - t - excess(t), 0, most)
    assert found.plain == pytest.approx(plain)
    assert found.estimate == pytest.approx(estimate)
    assert found.lower == pytest.approx(min(max(lower, 0), estimate))
    assert found.upper == pytest.approx(max(upper, estimate))


def test_a_change_of_calibration_is_bounded_by_both_at_half_the_level():
    rng = np.random.default_rng(2)
    score, other = rng.random(500), rng.random(500)
    hit = rng.random(500) < score
    own, theirs = (calibration_sums(hit, each) for each in (score, other))
    found = calibration_change(own, theirs, 0.95)
    one, two = (calibration_error(each, 0.975) for each in (own, theirs))
    assert found.lower == pytest.approx(one.lower - two.upper)
    assert found.upper == pytest.approx(one.upper - two.lower)
    assert found.plain == pytest.approx(one.plain - two.plain)
    assert found.estimate == pytest.approx(one.estimate - two.estimate)
    assert found.plain < 0 < calibration_change(theirs, own, 0.95).plain


def placed(truth, score, weight=None):
    """Share of the other class that each row is ranked above; of negatives, below."""
    weight = np.ones(truth.size) if weight is None else weight
    above = (score[:, None] > score) + 0.5 * (score[:, None] == score)
    of_positives = above[:, ~truth] @ weight[~truth] / weight[~truth].sum()
    of_negatives = 1 - above[:, truth] @ weight[truth] / weight[truth].sum()
    return np.where(truth, of_positives, of_negatives)


def degrees(truth, parts, weight, worth):
    found = []
    for side in (truth, ~truth):
        for part in parts:
            borne = (weight * part)[side]
            if borne.any():
                found.append(worth * (borne**2).sum() ** 3 / (borne**3).sum() ** 2 - 1)
    return min(found)


def scores(rows=120, seed=6):
    rng = np.random.default_rng(seed)
    truth = np.arange(rows) % 3 == 0
    return truth, *(np.round(truth + rng.normal(0, 1, rows), 1) for _ in range(2)), rng


@pytest.mark.parametrize("weighted", [False, True])
def test_an_area_is_bounded_on_the_logit_scale_by_students_quantile(weighted):
    truth, score, _, rng = scores()
    weight = rng.uniform(0.5, 2, truth.size) if weighted else np.ones(truth.size)
    found = delong(truth, score, 0.95, weight=weight if weighted else None)
    won = placed(truth, score, weight)
    area = np.average(won[truth], weights=weight[truth])
    total = np.where(truth, weight[truth].sum(), weight[~truth].sum())
    apart = np.square(weight * (won - area) / total)
    sizes = truth.sum(), (~truth).sum()
    variance = sum(
        apart[side].sum() * n / (n - 1) for side, n in zip((truth, ~truth), sizes, strict=True)
    )
    free = degrees(truth, (won, 1 - won), weight, 0.5 if weighted else 1.0)
    half = stdtrit(free, 0.95) * np.sqrt(variance) / (area * (1 - area))
    kish = min(weight[side].sum() ** 2 / (weight[side] ** 2).sum() for side in (truth, ~truth))
    low, high = exact(area, kish)
    assert found.estimate == pytest.approx(area)
    assert found.se == pytest.approx(np.sqrt(variance))
    assert found.effective == pytest.approx(kish)
    assert found.lower == pytest.approx(max(low, expit(logit(area) - half)))
    assert found.upper == pytest.approx(min(high, expit(logit(area) + half)))


@pytest.mark.parametrize("copies", [1, 5])
def test_a_difference_of_areas_is_bounded_by_students_quantile(copies):
    """``copies``: so many rows of a cluster, positive and negative ones in it."""
    truth, score, other, _ = scores()
    cluster = np.arange(truth.size) // copies if copies > 1 else None
    found = paired_delong(truth, score, other, 0.95, cluster=cluster)
    won, lost = placed(truth, score), placed(truth, other)
    gain = (won - lost)[truth].mean()
    total = np.where(truth, truth.sum(), (~truth).sum())
    unit = np.arange(truth.size) // copies
    apart = (won - lost - gain) / total
    if copies == 1:
        sizes = truth.sum(), (~truth).sum()
        variance = sum(
            np.square(apart[side]).sum() * n / (n - 1)
            for side, n in zip((truth, ~truth), sizes, strict=True)
        )
        free = degrees(truth, (np.abs(won - lost),), 1.0, 1.0)
    else:
        clusters = np.bincount(unit, weights=apart)
        variance = np.square(clusters).sum() * clusters.size / (clusters.size - 1)
        borne = [
            np.bincount(unit[side], weights=np.abs(won - lost)[side]) for side in (truth, ~truth)
        ]
        free = min(0.5 * (each**2).sum() ** 3 / (each**3).sum() ** 2 - 1 for each in borne)
    unseen = 1 - 0.05 ** (1 / found.effective)
    half = max(stdtrit(free, 0.95) * np.sqrt(variance), unseen)
    assert (half > unseen) == (copies == 1)
    assert found.estimate == pytest.approx(gain)
    assert (found.lower, found.upper) == (pytest.approx(gain - half), pytest.approx(gain + half))


def test_what_cannot_be_ranked_is_refused():
    truth, score, _, _ = scores()
    for wrong in (np.inf, -np.inf, np.nan):
        with pytest.raises(ValueError, match="finite"):
            delong(truth, np.where(np.arange(truth.size) == 7, wrong, score), 0.95)
    for wrong in (-0.1, np.inf):
        weight = np.where(np.arange(truth.size) == 7, wrong, 1.0)
        with pytest.raises(ValueError, match="negative or not finite"):
            delong(truth, score, 0.95, weight=weight)


def classes(rows=150):
    rng = np.random.default_rng(9)
    truth = rng.integers(0, 3, rows)
    # Shares of one whole: what one class gets too much of, another has too little of.
    logits = [2.0 * np.eye(3)[truth] + rng.normal(0, 2.0, (rows, 3)) for _ in range(2)]
    return truth, *(np.exp(each) / np.exp(each).sum(axis=1, keepdims=True) for each in logits)


@pytest.mark.parametrize("copies", [1, 5])
def test_classes_that_vary_together_widen_their_mean(copies):
    truth, own, other = classes()
    unit = np.arange(truth.size) // copies
    cluster = unit if copies > 1 else None
    rows = ClassRows(truth=truth, names="abc", cluster=cluster)
    influence = []
    for of in range(3):
        hit = truth == of
        gain = placed(hit, own[:, of]) - placed(hit, other[:, of])
        total = np.where(hit, hit.sum(), (~hit).sum())
        influence.append(np.bincount(unit, weights=(gain - gain[hit].mean()) / total))
    whole = np.square(np.sum(influence, axis=0)).sum()
    together = np.clip(whole / np.square(influence).sum(), 1, 3)
    gains = [
        paired_delong(truth == of, own[:, of], other[:, of], 0.95, cluster=cluster)
        for of in range(3)
    ]
    found = macro_auc_difference(rows, own, other, 0.95)
    estimate = np.mean([each.estimate for each in gains])
    down = np.linalg.norm([each.estimate - each.lower for each in gains])
    up = np.linalg.norm([each.upper - each.estimate for each in gains])
    assert found.estimate == pytest.approx(estimate)
    assert found.lower == pytest.approx(estimate - down * np.sqrt(together) / 3)
    assert found.upper == pytest.approx(estimate + up * np.sqrt(together) / 3)
    assert together > 1.01


def test_perfect_classes_are_taken_to_vary_together():
    truth = np.arange(90) % 3
    perfect = np.eye(3)[truth]
    found = macro_auc(ClassRows(truth=truth, names="abc"), perfect, 0.95)
    lower = [delong(truth == of, perfect[:, of], 0.95).lower for of in range(3)]
    assert found.lower == pytest.approx(1 - np.linalg.norm(1 - np.array(lower)) * np.sqrt(2) / 3)
