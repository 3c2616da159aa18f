"""Gaps between groups and drift worked out by hand, contrast by contrast."""

import itertools

import numpy as np
import pytest
from scipy.special import ndtri, stdtrit

from mlci.statistics.contrasts import contrast_lower, ratio_bound
from mlci.statistics.drift import stability
from mlci.statistics.fairness import pairwise
from mlci.statistics.fairness_gap import change_of_tables, paired_table
from mlci.statistics.group_means import group_losses
from mlci.statistics.mean_pairs import mean_gap_change
from mlci.statistics.pair_table import PairTable
from mlci.statistics.paired import paired_bound
from mlci.statistics.power import around, power_ratio, power_two_proportions
from mlci.statistics.proportions import exact_bounds

GROUPS = 3
PAIRS = [*itertools.permutations(range(GROUPS), 2)]


def reaches(table, z):
    """Of one group's table: how far up and down each model's rate, their difference and their sum
    reach."""
    n = table.sum()
    hits = {"own": table[1].sum() / n, "other": table[:, 1].sum() / n}
    found = {}
    for name, rate in hits.items():
        low, high = (float(each) for each in exact_bounds(rate, n, z))
        found[name, 1], found[name, -1] = high - rate, rate - low
    for name, b, c in (
        ("difference", table[1, 0], table[0, 1]),
        ("sum", table[1, 1], table[0, 0]),
    ):
        found[name, 1] = float(paired_bound(b, c, n, -z)) - (b - c) / n
        found[name, -1] = (b - c) / n - float(paired_bound(b, c, n, z))
    return hits, found


def largest(tables, z, correlation, first, second):
    """The upper bound of gap(first) - gap(second) by the contrasts of ordered pairs."""
    of = [reaches(each, z) for each in tables]
    rate = {model: [hits[model] for hits, _ in of] for model in ("own", "other")}
    place = {"own": 0, "other": GROUPS}
    # A difference of models is that of the candidate less the champion.
    turn = 1 if first == "own" else -1
    worst = -np.inf
    for a, b in PAIRS:
        least = np.inf
        for i, j in PAIRS:
            terms = [(first, a, 1), (first, b, -1), (second, i, -1), (second, j, 1)]
            width = sum(of[group][1][model, sign] ** 2 for model, group, sign in terms)
            together = set()
            for (x, g, s), (y, h, t) in itertools.product(terms[:2], terms[2:]):
                if g == h:
                    joint = ("difference", turn * s) if s != t else ("sum", s)
                    width += of[g][1][joint] ** 2 - of[g][1][x, s] ** 2 - of[g][1][y, t] ** 2
                    together.add(((x, g), (y, h)))
            for (x, g, s), (y, h, t) in itertools.combinations(terms, 2):
                if ((x, g), (y, h)) not in together:
                    r = correlation[place[x] + g, place[y] + h]
                    width += max(2 * s * t * r * of[g][1][x, s] * of[h][1][y, t], 0.0)
            gap = sum(sign * rate[model][group] for model, group, sign in terms)
            least = min(least, gap + np.sqrt(max(width, 0)))
        worst = max(worst, least)
    return worst


@pytest.mark.parametrize("correlated", [False, True])
def test_the_change_of_a_gap_by_every_contrast(correlated):
    rng = np.random.default_rng(12)
    z = -ndtri(0.05 / (GROUPS * (GROUPS - 1)))
    for _ in range(4):
        tables = rng.integers(5, 120, (GROUPS, 2, 2))
        noise = rng.normal(size=(2 * GROUPS, 2 * GROUPS))
        correlation = np.corrcoef(noise) if correlated else np.eye(2 * GROUPS)
        found = change_of_tables(tables, 0.95, correlation if correlated else None)
        upper = largest(tables, z, correlation, "own", "other")
        lower = -largest(tables, z, correlation, "other", "own")
        assert found.upper == pytest.approx(min(upper, 1.0))
        assert found.lower == pytest.approx(max(lower, -1.0))
        assert found.estimate == pytest.approx(found.candidate - found.champion)


def test_tables_of_another_shape_are_refused():
    for shape in ((8,), (2, 2, 2), (3, 2, 2, 3), (3, 2, 2, 2, 1)):
        with pytest.raises(ValueError, match="not \\[groups, 2, 2, 2\\]"):
            paired_table(np.ones(shape, int), "accuracy")


@pytest.mark.parametrize("copies", [1, 4])
def test_the_change_of_a_gap_of_means_by_every_contrast(copies):
    """``copies``: so many rows of a cluster, of several groups and both models."""
    rng = np.random.default_rng(7)
    code = rng.integers(0, GROUPS, 480)
    own = rng.exponential(1, 480) + 0.3 * (code == 1)
    other = 0.5 * own + rng.exponential(1, 480)
    cluster = np.arange(480) // copies if copies > 1 else None
    found = mean_gap_change(group_losses(code, own, other, groups=GROUPS, cluster=cluster), 0.95)
    at = code[:, None] == np.arange(GROUPS)
    size = at.sum(axis=0)
    means = {name: each @ at / size for name, each in (("own", own), ("other", other))}
    influence = (
        np.concatenate(
            [
                at * (each[:, None] - means[name]) / size
                for name, each in (("own", own), ("other", other))
            ],
            axis=1,
        )
        .reshape(-1, copies, 2 * GROUPS)
        .sum(axis=1)
    )
    units = len(influence)
    covariance = influence.T @ influence * units / (units - 1)
    kish = size if copies == 1 else None
    if kish is None:
        counts = at.reshape(-1, copies, GROUPS).sum(axis=1)
        kish = size**2 / np.square(counts).sum(axis=0)
    level = 1 - 0.05 / (GROUPS * (GROUPS - 1))

    def largest(first, second):
        place = {"own": 0, "other": GROUPS}
        worst = -np.inf
        for a, b in PAIRS:
            least = np.inf
            for i, j in PAIRS:
                contrast = np.zeros(2 * GROUPS)
                for model, group, sign in (
                    (first, a, 1),
                    (first, b, -1),
                    (second, i, -1),
                    (second, j, 1),
                ):
                    contrast[place[model] + group] += sign
                gap = contrast @ np.concatenate([means["own"], means["other"]])
                t = stdtrit(min(kish[[a, b, i, j]]) - 1, level)
                error = np.sqrt(max(contrast @ covariance @ contrast, 0))
                least = min(least, gap + t * error)
            worst = max(worst, least)
        return worst

    assert found.upper == pytest.approx(largest("own", "other"))
    assert found.lower == pytest.approx(-largest("other", "own"))
    assert found.candidate == pytest.approx(np.ptp(means["own"]))
    assert found.champion == pytest.approx(np.ptp(means["other"]))
    assert found.estimate == pytest.approx(found.candidate - found.champion)


def test_a_pair_may_break_its_limit_in_either_direction():
    x, n = np.array([55.0, 50.0]), np.array([100.0, 100.0])
    for kind, limit, far in (("difference", 0.02, -0.02), ("ratio", 0.9, 1 / 0.9)):
        (pair,) = pairwise(x, n, kind=kind, limit=limit, confidence=0.95, assure=False)
        table = PairTable(x, n, kind)
        near, other = table.p_value(limit)[0], table.p_value(far)[0]
        assert pair.p_value == pytest.approx(near + other)
        assert other > 0.01
        assert 1 - pair.confidence == pytest.approx(0.05 * near / (near + other))


@pytest.mark.parametrize("independent", [(1.0, 1.0), (0.5, 0.2)])
def test_an_index_far_from_zero_is_wider_than_chi_squared(independent):
    now, before = np.array([500, 100, 60, 40]), np.array([100, 300, 300, 300])
    found = stability(now, before, independent)
    p, q = ((each + 0.5) / (each.sum() + 2) for each in (now, before))
    log = np.log(p / q)
    raw = ((p - q) * log).sum()
    n, m = now.sum() * independent[0], before.sum() * independent[1]

    def variance(share, slope):
        return (share * slope**2).sum() - (share * slope).sum() ** 2

    whole = variance(p, log + 1 - q / p) / n + variance(q, 1 - log - p / q) / m
    scale = n * m / (n + m)
    spread = whole * scale / (4 * raw)
    assert spread > 1
    assert found.index == pytest.approx(raw + 3 * (spread - 1) / scale)
    assert found.scale == pytest.approx(scale / spread)
    assert found.degrees == 3
    assert found.excess == pytest.approx(found.index - 3 / found.scale)


@pytest.mark.parametrize("kind", ["difference", "ratio"])
def test_the_power_is_that_of_the_worse_way_round(kind):
    limit, base, confidence = (0.1, 0.2, 0.95) if kind == "difference" else (0.8, 0.2, 0.95)
    x, n = np.array([200.0, 30.0]), np.array([1000.0, 150.0])
    if kind == "difference":
        high, low = around(base, 2 * limit)
        chances = [
            power_two_proportions(high, one, low, other, confidence, limit)
            for one, other in ((1000, 150), (150, 1000))
        ]
    else:
        high = 2 * base / (1 + limit / 2)
        chances = [
            power_ratio(high * limit / 2, one, high, other, confidence, limit)
            for one, other in ((1000, 150), (150, 1000))
        ]
    found = PairTable(x, n, kind).power(limit, confidence, base)
    assert found[0] == pytest.approx(min(chances))
    assert abs(chances[0] - chances[1]) > 0.001


@pytest.mark.parametrize(("kind", "limit"), [("difference", 0.1), ("ratio", 0.8)])
def test_each_pair_has_the_bounds_of_its_own_level(kind, limit):
    """One group far from two that are alike, and one without rows."""
    x, n = np.array([400.0, 205.0, 200.0, 0.0]), np.array([500.0, 500.0, 500.0, 0.0])
    pairs = pairwise(x, n, kind=kind, limit=limit, confidence=0.95, assure=False)
    assert [pair.beyond for pair in pairs] == [True, True, False, False, False, False]
    assert len({round(pair.confidence, 6) for pair in pairs}) > 2
    bound = contrast_lower if kind == "difference" else ratio_bound
    for pair in pairs:
        if 3 in (pair.i, pair.j):
            widest = (-1.0, 1.0) if kind == "difference" else (0.0, None)
            assert (pair.lower, pair.upper, pair.p_value) == (*widest, 1.0)
            continue
        first, second = (pair.i, pair.j) if kind == "difference" else (pair.j, pair.i)
        rates = x[first] / n[first], n[first], x[second] / n[second], n[second]
        z = float(ndtri(pair.confidence))
        assert pair.lower == pytest.approx(float(bound(*rates, z)), abs=1e-6)
        assert pair.upper == pytest.approx(float(bound(*rates, -z)), abs=1e-6)
