"""The stability index: its null, its error at the limit, its power, and its bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.statistics.drift import bounds, detectable, needed, p_value, stability
from mlci.statistics.holm import holm

COUNTS = st.lists(st.integers(0, 500), min_size=2, max_size=12)


def _index(p, q):
    return float(((p - q) * np.log(p / q)).sum())


def _apart(q, limit, direction):
    """Shares that are ``limit`` away from ``q``: tilted, or with one bin larger, or smaller."""
    weights = {
        "tilted": np.linspace(-1.0, 1.0, q.size),
        "one more": np.eye(q.size)[-1],
        "one less": -np.eye(q.size)[-1],
    }[direction]
    low, high = 0.0, 30.0
    for _ in range(80):
        middle = (low + high) / 2
        p = q * np.exp(middle * weights)
        p /= p.sum()
        low, high = (middle, high) if _index(p, q) < limit else (low, middle)
    return p


def test_large_samples_give_the_true_index():
    q = np.full(10, 0.1)
    p = _apart(q, 0.2, "tilted")
    found = stability((p * 1e8).astype(np.int64), (q * 1e8).astype(np.int64))
    assert found.excess == pytest.approx(0.2, rel=1e-3)
    low, high = bounds(found, 0.95)
    assert low < 0.2 < high < 0.201
    assert p_value(found, 0.19) < 1e-9
    assert p_value(found, 0.21) > 1 - 1e-9


@settings(max_examples=30)
@given(COUNTS, st.randoms(use_true_random=False), st.sampled_from([0.0, 0.1, 1.0]))
def test_the_decision_by_the_p_value_is_the_one_by_the_bound(now, random, limit):
    before = [random.randint(1, 400) for _ in now]
    if not sum(now):
        now[0] = 1
    found = stability(np.array(now), np.array(before))
    low, high = bounds(found, 0.95)
    assert 0.0 <= low <= found.excess <= high
    if abs(p_value(found, limit) - 0.05) > 1e-6 and found.degrees:
        assert (p_value(found, limit) < 0.05) is (low > limit)


def test_bins_that_are_nearly_empty_are_put_together():
    now, before = np.array([1, 1, 500, 0, 1]), np.array([0, 2, 500, 1, 0])
    assert stability(now, before).degrees == 0
    assert p_value(stability(now, before), 0.1) == 1.0
    assert bounds(stability(now, before), 0.95) == (0.0, 0.0)
    assert detectable(stability(now, before), 0.1, 0.95) is None
    assert needed(stability(now, before), 0.1, 0.2, 0.95) is None
    with pytest.raises(ValueError, match="no rows"):
        stability(np.array([0, 0]), before[:2])


def test_rows_that_count_less_show_less():
    now, before = np.array([100, 200, 300]), np.array([300, 200, 100])
    full, half = stability(now, before), stability(now, before, (0.5, 0.5))
    assert half.scale == pytest.approx(full.scale / 2)
    assert bounds(half, 0.95)[0] < bounds(full, 0.95)[0]
    assert detectable(half, 0.1, 0.95) > detectable(full, 0.1, 0.95)


def test_what_is_needed_shows_what_was_aimed_at():
    counts = np.full(10, 50)
    found = stability(counts, counts)
    factor = needed(found, 0.25, 0.5, 0.95)
    larger = np.full(10, round(50 * factor))
    assert detectable(stability(larger, larger), 0.25, 0.95) == pytest.approx(0.5, rel=0.02)


@pytest.mark.simulation
@pytest.mark.parametrize("direction", ["tilted", "one more", "one less"])
@pytest.mark.parametrize("sizes", [(500, 500), (500, 20_000)])
def test_a_true_index_at_the_limit_is_called_drift_in_five_percent(direction, sizes):
    """The error that the docs state, at zero and at the limits of a minor and a major shift; above
    it by no more than three standard errors of 1,500 runs."""
    random, runs = np.random.default_rng(7), 1_500
    for limit in (0.0, 0.1, 0.25):
        q = np.full(10, 0.1)
        p = _apart(q, limit, direction)
        now, before = random.multinomial(sizes[0], p, runs), random.multinomial(sizes[1], q, runs)
        false = sum(
            p_value(stability(a, b), limit) <= 0.05 for a, b in zip(now, before, strict=True)
        )
        assert false / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs), (limit, false / runs)


@pytest.mark.simulation
def test_fifty_inputs_without_drift_raise_an_alarm_in_five_percent_of_runs_at_most():
    """Where a raw PSI above 0.1 raises one in every run (100 rows) or in most (200)."""
    random, runs = np.random.default_rng(8), 100
    q = np.full(10, 0.1)
    for n, raw_alarms in ((100, 0.99), (500, 0.0)):
        false = raw = 0
        for _ in range(runs):
            pairs = [(random.multinomial(n, q), random.multinomial(n, q)) for _ in range(50)]
            found = [stability(*each) for each in pairs]
            false += bool((holm([p_value(each, 0.0) for each in found]) <= 0.05).any())
            raw += max(_index((a + 1e-4) / n, (b + 1e-4) / n) for a, b in pairs) > 0.1
        assert false / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
        assert raw / runs >= raw_alarms


@pytest.mark.simulation
def test_what_is_said_to_be_detectable_is_detected_in_four_runs_of_five():
    random, runs = np.random.default_rng(9), 2_000
    q = np.full(10, 0.1)
    even = np.full(10, 100)
    aim = detectable(stability(even, even), 0.1, 0.95)
    p = _apart(q, aim, "tilted")
    shown = sum(
        p_value(stability(random.multinomial(1_000, p), random.multinomial(1_000, q)), 0.1) <= 0.05
        for _ in range(runs)
    )
    assert abs(shown / runs - 0.8) < 0.05
