"""Macro means by hand: one wrong answer touches two classes at once, and clusters touch all."""

import numpy as np
import pytest
from scipy.special import ndtri

from mlci.statistics.joint import tabulate
from mlci.statistics.macro import Shares, macro_bounds
from mlci.statistics.paired import paired_bound
from mlci.statistics.table_bounds import table_difference, table_estimate

Z = float(ndtri(0.95))


def test_classes_that_share_their_errors_widen_their_mean():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, 400)
    label = np.where(rng.random(400) < 0.7, truth, rng.integers(0, 3, 400))
    right, looked, influence = [], [], []
    for of in range(3):
        actual, said = truth == of, label == of
        right.append((actual & said).sum())
        looked.append((actual | said).sum())
        f1 = 2 * right[-1] / (actual.sum() + said.sum())
        weight = actual.astype(float) + said
        influence.append((2 * (actual & said) - f1 * weight) / weight.sum())
    whole = np.square(np.sum(influence, axis=0)).sum()
    together = whole / np.square(influence).sum()
    assert 1.01 < together < 2
    shares = Shares(
        hits=np.array(right, float), rows=np.array(looked, float), curve="f1", together=together
    )
    found = table_estimate("f1", tabulate(truth, label, classes=3), 0.95)
    assert (found.lower, found.upper) == pytest.approx(macro_bounds(shares, Z))


def three_answers():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, 400)
    # The champion says the last class too often, so that its denominators are others.
    own = np.where(rng.random(400) < 0.8, truth, rng.integers(0, 3, 400))
    other = np.where(rng.random(400) < 0.6, truth, 2)
    return truth, own, other


@pytest.mark.parametrize("metric", ["precision", "f1"])
def test_a_difference_whose_denominators_differ_is_linearised(metric):
    truth, own, other = three_answers()
    sign, fewest, gap, contrast = 1, np.inf, 0.0, np.zeros(400)
    for label in (own, other):
        for of in range(3):
            actual, said = truth == of, label == of
            weight = said.astype(float) + (actual if metric == "f1" else 0)
            times = 2 if metric == "f1" else 1
            value = times * (actual & said).sum() / weight.sum()
            gap += sign * value / 3
            contrast += sign * (times * (actual & said) - value * weight) / weight.sum() / 3
            fewest = min(fewest, weight.sum() / times)
        sign = -1
    poisson = Z * Z / (3 * (fewest + Z * Z)) / 2
    half = np.sqrt(Z * Z * np.square(contrast).sum() + poisson**2) + poisson
    found = table_difference(metric, tabulate(truth, own, other, classes=3), 0.95)
    assert found.estimate == pytest.approx(gap)
    assert (found.lower, found.upper) == (pytest.approx(gap - half), pytest.approx(gap + half))


@pytest.mark.parametrize("copies", [1, 5])
def test_a_difference_of_recalls_recovers_its_width_from_the_classes(copies):
    truth, own, other = three_answers()
    cluster = None
    if copies > 1:  # of which the champion gets all rows right, of whatever class, or all wrong
        cluster = np.arange(400) // copies
        right = np.random.default_rng(3).random(400 // copies) < 0.7
        other = np.where(np.repeat(right, copies), truth, (truth + 1) % 3)
    joint = tabulate(truth, own, other, classes=3, cluster=cluster)
    columns = joint.columns
    unit = np.arange(400) // copies
    influence, down, up, gaps = [], [], [], []
    for of in range(3):
        among = truth == of
        gain = (among & (own == of)).astype(float) - (among & (other == of))
        gap, n = gain.sum() / among.sum(), among.sum()
        influence.append(np.bincount(unit, weights=(gain - gap * among) / n))
        cells = columns[0] == of
        by_cell = cells * ((columns[1] == of).astype(float) - (columns[2] == of) - gap) / n
        rows = n * joint.sums.effective_share(by_cell, cells, 0.95)
        b, c = ((gain == each).sum() / n * rows for each in (1, -1))
        gaps.append(gap)
        down.append(gap - float(paired_bound(b, c, rows, Z)))
        up.append(float(paired_bound(b, c, rows, -Z)) - gap)
    together = np.square(np.sum(influence, axis=0)).sum() / np.square(influence).sum()
    assert copies == 1 or 1.1 < together < 3
    wide = np.sqrt(together if copies > 1 else 1.0) / 3
    found = table_difference("balanced_accuracy", joint, 0.95)
    gap = np.mean(gaps)
    assert found.estimate == pytest.approx(gap)
    assert found.lower == pytest.approx(gap - np.linalg.norm(down) * wide)
    assert found.upper == pytest.approx(gap + np.linalg.norm(up) * wide)


@pytest.mark.parametrize("metric", ["precision", "f1"])
def test_a_class_is_compared_on_the_rows_that_either_model_looks_at(metric):
    """Each row several times, as one cluster: rows are worth what clusters among these are."""
    columns = three_answers()
    copies = np.random.default_rng(5).integers(1, 30, 400) * (1 + 2 * (columns[1] == 1))
    truth, own, other = (np.repeat(each, copies) for each in columns)
    joint = tabulate(truth, own, other, classes=3, cluster=np.repeat(np.arange(400), copies))
    cells, contrast, bases = joint.columns, 0.0, []
    looked = (cells[1] == 1) | (cells[2] == 1) | ((cells[0] == 1) & (metric == "f1"))
    for sign, label, said in ((1, own, cells[1] == 1), (-1, other, cells[2] == 1)):
        times = 2 if metric == "f1" else 1
        base = (label == 1).sum() + ((truth == 1).sum() if metric == "f1" else 0)
        value = times * ((truth == 1) & (label == 1)).sum() / base
        weight = said.astype(float) + ((cells[0] == 1) if metric == "f1" else 0)
        contrast = contrast + sign * (times * (said & (cells[0] == 1)) - value * weight) / base
        bases.append(base / times)
    share = joint.sums.effective_share(contrast, looked, 0.95)
    found = table_difference(metric, joint, 0.95, of=1)
    assert found.rows == pytest.approx(min(bases) * share)
    assert share < joint.sums.effective_share(contrast, np.ones(looked.size, bool), 0.95)
