"""Paired log ratios at preset looks."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.statistics.ratio_looks import judge_ratio, looks, pairs_needed, spending

LOOKS = looks(40)


def pairs(ratio: float, n: int, spread: float = 0.1) -> np.ndarray:
    """n log ratios whose mean and deviation are exactly these."""
    values = np.random.default_rng(n).normal(size=n)
    return math.log(ratio) + spread * (values - values.mean()) / values.std(ddof=1)


@given(st.integers(4, 1000))
def test_looks_grow_and_end_at_the_maximum(maximum: int) -> None:
    at = looks(maximum)
    assert at[0] == 4 or maximum < 6
    assert at[-1] == maximum
    assert all(a < b for a, b in pairwise(at))


def test_the_looks_of_forty_pairs() -> None:
    assert LOOKS == (4, 6, 9, 13, 19, 28, 40)
    with pytest.raises(ValueError, match="4 pairs"):
        looks(3)


def test_one_look_spends_all_and_more_looks_no_more() -> None:
    assert spending((40,), 0.05)[0] == pytest.approx(0.05, rel=0.02)
    levels = spending(LOOKS, 0.05)
    assert all(0.0 < level < 0.05 for level in levels)
    assert levels[0] == pytest.approx(0.05 * 4 / 40, rel=0.05)
    assert sum(levels) > 0.05


def test_between_looks_nothing_is_decided() -> None:
    values = pairs(0.5, 40)
    none = judge_ratio(values[:3], 1.1, 0.95, LOOKS)
    assert (none.decision, none.estimate, none.pairs, none.spent) == ("continue", None, 0, 0.0)
    assert judge_ratio(values[:5], 1.1, 0.95, LOOKS).pairs == 4
    assert judge_ratio(values[:5], 1.1, 0.95, LOOKS) == judge_ratio(values[:4], 1.1, 0.95, LOOKS)


def test_the_first_decision_stands() -> None:
    fast, slow = pairs(0.8, 6, 0.02), pairs(2.0, 34)
    assert judge_ratio([*fast, *slow], 1.1, 0.95, LOOKS).decision == "pass"
    assert judge_ratio([*fast, *slow], 1.1, 0.95, LOOKS).pairs <= 6


def test_fast_passes_and_slow_fails() -> None:
    passed = judge_ratio(pairs(1.0, 40), 1.1, 0.95, LOOKS)
    assert passed.decision == "pass"
    assert passed.upper is not None
    assert passed.upper < 1.1
    failed = judge_ratio(pairs(1.3, 40), 1.1, 0.95, LOOKS)
    assert failed.decision == "fail"
    assert failed.lower is not None
    assert failed.lower > 1.0


def test_noise_is_not_decided_and_says_what_would() -> None:
    found = judge_ratio(pairs(1.05, 40, 0.5), 1.1, 0.95, LOOKS)
    assert (found.decision, found.spent, found.pairs) == ("continue", 1.0, 40)
    assert found.needed is not None
    assert found.needed > 100


def test_slower_within_the_tolerance_never_fails() -> None:
    assert judge_ratio(pairs(1.09, 40, 0.001), 1.1, 0.95, LOOKS).decision == "pass"


def test_timings_without_spread_are_not_judged() -> None:
    assert judge_ratio([0.0] * 40, 1.1, 0.95, LOOKS).decision == "continue"


@pytest.mark.parametrize("values", [[0.1, float("nan")], [float("inf")] * 4])
def test_what_is_no_number_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        judge_ratio(values, 1.1, 0.95, LOOKS)
    with pytest.raises(ValueError, match="above 1"):
        judge_ratio([0.0], 1.0, 0.95, LOOKS)


def test_pairs_needed_before_the_run() -> None:
    # 6.2 * (0.136 / log 1.1)^2
    assert pairs_needed(0.136, 1.1, 0.95) == 13
