"""Pairs of groups: the interval that is shown is the one that decides."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.statistics.fairness import Pair, pairwise
from mlci.statistics.holm import holm
from mlci.statistics.intervals import difference_interval, ratio_interval


@st.composite
def groups(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    totals = draw(st.lists(st.integers(0, 3000), min_size=2, max_size=7))
    return [draw(st.integers(0, n)) for n in totals], totals


@settings(max_examples=30, deadline=None)
@given(
    groups(),
    st.sampled_from(["difference", "ratio"]),
    st.sampled_from([0.05, 0.2, 0.8, 1.0]),
    st.booleans(),
)
def test_bounds_p_values_and_decisions_agree(
    counts: tuple[list[int], list[int]], kind: str, limit: float, assure: bool
) -> None:
    x, n = counts
    pairs = pairwise(x, n, kind=kind, limit=limit, confidence=0.95, assure=assure)
    assert [{pair.i, pair.j} for pair in pairs] == [
        {i, j} for i in range(len(n)) for j in range(i + 1, len(n))
    ]
    seen = [pair for pair in pairs if n[pair.i] and n[pair.j]]
    adjusted = holm([pair.p_value for pair in seen])
    for pair, by_holm in zip(seen, adjusted, strict=True):
        assert pair.adjusted == pytest.approx(by_holm)
        assert pair.beyond == (pair.adjusted <= 0.05)
        assert not (pair.beyond and pair.within)
        assert_bounds(pair, x, n, kind)
        if abs(pair.adjusted - 0.05) > 1e-6 and (pair.beyond or not assure):
            assert pair.beyond == breaks(pair, kind, limit)
        if assure and not pair.beyond:
            assert pair.confidence == pytest.approx(0.95)
            assert pair.within == keeps(pair, kind, limit)
    for pair in set(pairs) - set(seen):
        assert (pair.estimate, pair.power, pair.beyond, pair.within) == (None, 0.0, False, False)
        assert (pair.p_value, pair.adjusted) == (1.0, 1.0)
    for pair in pairs:
        for value in (pair.lower, pair.upper, pair.estimate, pair.power, pair.confidence):
            assert value is None or math.isfinite(value)


def assert_bounds(pair: Pair, x: list[int], n: list[int], kind: str) -> None:
    i, j, level = pair.i, pair.j, pair.confidence
    if kind == "difference":
        expected = difference_interval(x[i], n[i], x[j], n[j], level)
    else:
        expected = ratio_interval(x[j], n[j], x[i], n[i], level)
    upper = math.inf if pair.upper is None else pair.upper
    assert (pair.lower, upper) == pytest.approx(expected, rel=1e-6, abs=1e-8)


def breaks(pair: Pair, kind: str, limit: float) -> bool:
    if kind == "difference":
        return pair.lower > limit
    return pair.upper is not None and pair.upper < limit


def keeps(pair: Pair, kind: str, limit: float) -> bool:
    if kind == "difference":
        return pair.lower > -limit and pair.upper is not None and pair.upper < limit
    return pair.lower > limit and pair.upper is not None and pair.upper < 1 / limit


def find(pairs: tuple[Pair, ...], i: int, j: int) -> Pair:
    return next(pair for pair in pairs if {pair.i, pair.j} == {i, j})


def test_a_wide_gap_is_beyond_and_a_narrow_one_within() -> None:
    pairs = pairwise(
        [300, 290, 100], [1000] * 3, kind="difference", limit=0.1, confidence=0.95, assure=False
    )
    wide, narrow = find(pairs, 0, 2), find(pairs, 0, 1)
    assert (wide.i, wide.j, wide.estimate) == (0, 2, pytest.approx(0.2))
    assert wide.beyond
    assert narrow.within
    assert not narrow.beyond


def test_a_ratio_is_of_the_lower_rate_to_the_higher() -> None:
    (pair,) = pairwise(
        [100, 300], [1000, 1000], kind="ratio", limit=0.8, confidence=0.95, assure=False
    )
    assert (pair.i, pair.j) == (1, 0)
    assert pair.estimate == pytest.approx(1 / 3)
    assert pair.beyond


def test_two_groups_and_no_tolerance_are_the_two_sided_test() -> None:
    (pair,) = pairwise(
        [56, 48], [70, 80], kind="difference", limit=0.0, confidence=0.95, assure=False
    )
    assert pair.confidence == pytest.approx(0.975)
    expected = difference_interval(56, 70, 48, 80, 0.975)
    assert (pair.lower, pair.upper) == pytest.approx(expected)
    assert pair.beyond


def test_small_groups_have_little_power() -> None:
    pairs = pairwise(
        [300, 300, 9], [1000, 1000, 30], kind="difference", limit=0.1, confidence=0.95, assure=False
    )
    assert find(pairs, 0, 1).power > 0.99
    assert find(pairs, 0, 2).power < 0.5


def test_rates_of_zero_make_no_ratio() -> None:
    (pair,) = pairwise([0, 0], [10, 10], kind="ratio", limit=0.8, confidence=0.95, assure=True)
    assert (pair.estimate, pair.lower, pair.upper) == (None, 0.0, None)
    assert not pair.beyond
    assert not pair.within


def test_fifty_groups_make_all_their_pairs() -> None:
    random = np.random.default_rng(4)
    n = random.integers(20, 4000, 50)
    pairs = pairwise(
        random.binomial(n, 0.3), n, kind="difference", limit=0.1, confidence=0.95, assure=False
    )
    assert len(pairs) == 1225
    assert not any(pair.beyond for pair in pairs)


@pytest.mark.parametrize(
    ("x", "n", "kind", "limit"),
    [
        ([1], [2], "difference", 0.1),
        ([1, 2], [2], "difference", 0.1),
        ([3, 1], [2, 2], "difference", 0.1),
        ([1, 1], [2, 2], "difference", 1.1),
        ([1, 1], [2, 2], "difference", -0.1),
        ([1, 1], [2, 2], "ratio", 0.0),
        ([1, 1], [2, 2], "difference", float("nan")),
    ],
)
def test_what_cannot_be_is_refused(x: list[int], n: list[int], kind: str, limit: float) -> None:
    with pytest.raises(ValueError, match=r"groups|count|limit"):
        pairwise(x, n, kind=kind, limit=limit, confidence=0.95, assure=False)
