"""Score bounds and groups' means worked out by hand: continuity, curvature, skewness, Student."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from mlci.statistics.group_means import group_losses
from mlci.statistics.macro import Shares, macro_bounds
from mlci.statistics.mean_pairs import mean_pairs
from mlci.statistics.moments import of_rows, reach
from mlci.statistics.values import difference, estimate, gradient, of_errors

Z = float(ndtri(0.95))


@pytest.mark.parametrize("curve", ["share", "f1"])
@pytest.mark.parametrize("together", [1.0, 2.0])
def test_a_score_bound_of_one_class(curve, together):
    hits, rows = 14.0, 40.0
    f = (lambda p: 2 * p / (1 + p)) if curve == "f1" else (lambda p: p)
    slope = (lambda p: 2 / (1 + p) ** 2) if curve == "f1" else (lambda p: 1.0)
    bend = (lambda p: -4 / (1 + p) ** 3) if curve == "f1" else (lambda p: 0.0)
    seen = hits / rows
    step = 0.5 * slope(seen) / rows

    def off(p, side):
        spread = p * (1 - p) / rows
        expected = f(p) + 0.5 * bend(p) * spread
        error = np.sqrt(together * slope(p) ** 2 * spread)
        return (side * (f(seen) - expected) - step) / error - Z

    lower = f(brentq(off, 1e-6, seen, args=(1,)))
    upper = f(brentq(off, seen, 1 - 1e-6, args=(-1,)))
    shares = Shares(hits=np.array([hits]), rows=np.array([rows]), curve=curve, together=together)
    assert macro_bounds(shares, Z) == (pytest.approx(lower), pytest.approx(upper))


def long_tail(skewness, t):
    a = 2 * max(skewness, 1e-6)
    return max(3 / a * (1 - np.cbrt(1 - a * (t + a / 6))), t)


def straightened(skewness, t):
    a = 2 * min(skewness, 0.0)
    return min(t + a * t**2 / 3 + a**2 * t**3 / 27 + a / 6, t) if t > 0 else t


class Pair:
    """The groups' means, and what units add to their errors; ``shared``: both groups' rows k are
    one cluster."""

    def __init__(self, high, low, *, shared=False):
        self.high, self.low = high.mean(), low.mean()
        self.sizes = high.size, low.size
        parts = [(each - each.mean()) / each.size for each in (high, low)]
        units = high.size if shared else high.size + low.size
        unbiased = units / (units - 1)
        self.own, self.other = (np.square(each).sum() * unbiased for each in parts)
        self.cubes = [(each**3).sum() for each in parts]
        self.common = (parts[0] @ parts[1]) * unbiased if shared else 0.0

    def spread(self, ratio=1.0):
        own, other = ratio**2 * self.own, self.other
        error = np.sqrt(own + other - 2 * ratio * self.common)
        skewness = (ratio**3 * self.cubes[0] - self.cubes[1]) / (own + other) ** 1.5
        degrees = (own + other) ** 2 / (
            own**2 / (self.sizes[0] - 1) + other**2 / (self.sizes[1] - 1)
        )
        return error, skewness, degrees

    def p_value(self, limit, ratio=None):
        error, skewness, degrees = self.spread(1.0 if ratio is None else ratio)
        surplus = self.high - self.low - limit if ratio is None else ratio * self.high - self.low
        return stdtr(degrees, -straightened(skewness, surplus / error))


def losses(seed, sizes, scales, shared=False):
    rng = np.random.default_rng(seed)
    high, low = (
        scale * rng.exponential(1, size) for size, scale in zip(sizes, scales, strict=True)
    )
    if shared:
        low = low + 0.5 * high
    return (high, low) if high.mean() > low.mean() else (low, high)


def found(high, low, *, shared=False, **asked):
    code = np.repeat([0, 1], [high.size, low.size])
    cluster = np.tile(np.arange(high.size), 2) if shared else None
    sums = group_losses(code, np.concatenate([high, low]), groups=2, cluster=cluster)
    (pair,) = mean_pairs(sums, confidence=0.95, assure=False, **asked)
    return pair


CASES = [
    (1, (40, 300), (1.6, 1.0), False),
    (2, (300, 40), (1.6, 1.0), False),
    (3, (60, 60), (1.5, 1.0), True),
]


@pytest.mark.parametrize(("seed", "sizes", "scales", "shared"), CASES)
def test_a_difference_of_two_groups_means(seed, sizes, scales, shared):
    high, low = losses(seed, sizes, scales, shared)
    limit = 0.02
    pair, by_hand = (
        found(high, low, shared=shared, kind="difference", limit=limit),
        Pair(high, low, shared=shared),
    )
    error, skewness, degrees = by_hand.spread()
    near, far = by_hand.p_value(limit), by_hand.p_value(-limit)
    level = 0.05 * near / (near + far)
    t = stdtrit(degrees, 1 - level)
    gap = by_hand.high - by_hand.low
    assert pair.estimate == pytest.approx(gap)
    assert pair.p_value == pytest.approx(near + far)
    assert pair.confidence == pytest.approx(1 - level)
    assert pair.lower == pytest.approx(gap - long_tail(-skewness, t) * error)
    assert pair.upper == pytest.approx(gap + long_tail(skewness, t) * error)
    assert pair.power == pytest.approx(ndtr(limit / error - stdtrit(degrees, 0.95)))
    assert abs(skewness) > 0.02


@pytest.mark.parametrize(("seed", "sizes", "scales", "shared"), CASES)
def test_a_ratio_of_two_groups_means(seed, sizes, scales, shared):
    high, low = losses(seed, sizes, scales, shared)
    limit = 0.9
    pair, by_hand = (
        found(high, low, shared=shared, kind="ratio", limit=limit),
        Pair(high, low, shared=shared),
    )
    near, far = by_hand.p_value(0, limit), by_hand.p_value(0, 1 / limit)
    level = 0.05 * near / (near + far)

    def slack(ratio, sign):
        error, skewness, degrees = by_hand.spread(ratio)
        seen = sign * (by_hand.low - ratio * by_hand.high) / error
        return straightened(-sign * skewness, seen) - stdtrit(degrees, 1 - level)

    ratio = by_hand.low / by_hand.high
    assert pair.estimate == pytest.approx(ratio)
    assert pair.p_value == pytest.approx(near + far)
    assert pair.lower == pytest.approx(brentq(slack, 0.01, ratio, args=(1,)))
    assert pair.upper == pytest.approx(brentq(slack, ratio, 10.0, args=(-1,)))


def test_many_pairs_of_means_are_corrected_by_holm():
    rng = np.random.default_rng(3)
    groups, rows = 5, 200
    code = np.repeat(np.arange(groups), rows)
    loss = rng.exponential(1, groups * rows) * np.where(code == 0, 1.5, 1.0)
    pairs, alone = (
        mean_pairs(
            group_losses(code, loss, groups=groups),
            kind="difference",
            limit=0.05,
            confidence=0.95,
            assure=assure,
        )
        for assure in (False, True)
    )
    order = sorted(pairs, key=lambda pair: pair.p_value)
    running = 0.0
    for left, pair in zip(range(len(order), 0, -1), order, strict=True):
        running = max(running, min(left * pair.p_value, 1.0))
        assert pair.adjusted == pytest.approx(running)
        assert pair.beyond == (running <= 0.05)
    first = order[0]
    assert first.beyond
    assert 1 - first.confidence == pytest.approx(0.05 / len(order), rel=0.02)
    assert all(one.power < 0.5 * other.power for one, other in zip(pairs, alone, strict=True))


def test_a_few_rows_that_make_up_the_difference_show_nothing():
    high, low = np.concatenate([np.zeros(99), [1000.0]]), np.linspace(0, 1, 100)
    for kind, limit in (("difference", 0.1), ("ratio", 0.9)):
        pair = found(high, low, kind=kind, limit=limit)
        assert (pair.p_value, pair.beyond, pair.within, pair.power) == (1.0, False, False, 0.0)


@pytest.mark.parametrize(("sign", "units"), [(1, None), (-1, None), (1, 35.0), (1, 500.0)])
def test_how_far_a_skewed_mean_may_lie(sign, units):
    loss = sign * np.random.default_rng(1).exponential(1, 80)
    sums = of_rows(np.stack([np.ones(80), loss], axis=1))
    gradient = np.array([-loss.mean(), 1.0]) / 80
    influence = (loss - loss.mean()) / 80
    error = np.sqrt(np.square(influence).sum() * 80 / 79)
    skewness = (influence**3).sum() / np.square(influence).sum() ** 1.5
    t = stdtrit(min(80, units or 80) - 1, 0.95)
    short, long = t * error, long_tail(abs(skewness), t) * error
    down, up = reach(sums, gradient, 0.95, units)
    assert (down, up) == (
        pytest.approx((short, long)[::sign][0]),
        pytest.approx((short, long)[::sign][1]),
    )
    assert long > 1.1 * short


def by_hand(values, units=None):
    """How far below and above its mean a skewed quantity may lie."""
    n = values.size
    influence = (values - values.mean()) / n
    error = np.sqrt(np.square(influence).sum() * n / (n - 1))
    skewness = (influence**3).sum() / np.square(influence).sum() ** 1.5
    t = stdtrit(min(n, units or n) - 1, 0.95)
    reaches = t * error, long_tail(abs(skewness), t) * error
    return reaches if skewness >= 0 else reaches[::-1]


def regression(same):
    """``same`` rows have the same answer of both models."""
    rng = np.random.default_rng(8)
    truth = rng.normal(0, 2, 200)
    own = truth + rng.exponential(1, 200) - 1
    other = np.where(np.arange(200) < same, own, truth + rng.exponential(1.5, 200) - 1)
    return truth, own, other


@pytest.mark.parametrize("same", [0, 150])
def test_only_rows_that_differ_tell_of_a_difference(same):
    truth, own, other = regression(same)
    losses = of_errors("mean_absolute_error", truth, own, other)
    found = difference(losses, 0.95)
    apart = np.abs(own - truth) - np.abs(other - truth)
    down, up = by_hand(apart, 200 - same)
    assert found.estimate == pytest.approx(apart.mean())
    assert found.lower == pytest.approx(apart.mean() - down)
    assert found.upper == pytest.approx(apart.mean() + up)
    contrast = gradient(losses, 0) - gradient(losses, 1)
    assert reach(losses.moments, contrast, 0.95, 200 - same) == pytest.approx((down, up))


@pytest.mark.parametrize("same", [None, 0, 40])
def test_the_share_that_is_not_explained_varies_above_and_below_the_line(same):
    """At each bound of r2 the mean loss is as far from its share of the mean deviation as both
    may lie together."""
    truth, own, other = regression(same or 0)
    deviation = np.square(truth - truth.mean())
    loss, units = np.square(own - truth), None
    if same is None:
        found = estimate(of_errors("r2", truth, own), 0.95)
        seen, ends = 1 - found.estimate, (1 - found.upper, 1 - found.lower)
    else:
        loss, units = loss - np.square(other - truth), 200 - same
        found = difference(of_errors("r2", truth, own, other), 0.95)
        seen, ends = -found.estimate, (-found.upper, -found.lower)
    assert seen == pytest.approx(loss.mean() / deviation.mean())
    alike = np.corrcoef(loss, deviation)[0, 1]
    for side, share in enumerate(ends):
        reach_of_loss = by_hand(loss, units)[side]
        reach_of_deviation = by_hand(deviation, units)[side if share < 0 else 1 - side]
        one, two = reach_of_loss, share * reach_of_deviation
        off = abs(loss.mean() - share * deviation.mean())
        assert off == pytest.approx(np.sqrt(one**2 + two**2 - 2 * alike * one * two), rel=1e-6)
        assert (share > seen) == (side == 1)


def test_means_below_zero_have_differences_and_no_ratio():
    rng = np.random.default_rng(2)
    high, low = rng.normal(0.5, 1, 100), rng.normal(-0.5, 1, 100)
    pair = found(high, low, kind="difference", limit=0.1)
    assert pair.estimate == pytest.approx(high.mean() - low.mean())
    assert (pair.beyond, pair.upper is None) == (True, False)
    pair = found(high, low, kind="ratio", limit=0.9)
    assert (pair.estimate, pair.p_value, pair.upper) == (None, 1.0, None)


def test_of_two_groups_that_are_alike_the_first_comes_first():
    loss = np.random.default_rng(2).exponential(1, 100)
    pair = found(loss, loss, kind="difference", limit=0.1)
    assert (pair.i, pair.j, pair.estimate) == (0, 1, 0.0)
