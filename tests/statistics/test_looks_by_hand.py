"""The looks of a comparison by hand: Student's interval at each look's own level."""

import math

import numpy as np
import pytest
from scipy.special import ndtri, stdtrit

from mlci.statistics.ratio_looks import judge_ratio, looks, spending


def test_a_look_has_students_interval_at_its_own_level():
    chosen = looks(8)
    levels = spending(chosen, 0.05)
    logs = np.array([0.3, 0.1, 0.5, 0.2])
    found = judge_ratio(logs.tolist(), 1.25, 0.95, chosen)
    mean, spread = logs.mean(), logs.std(ddof=1)
    half = stdtrit(3, 1 - levels[0]) * spread / 2
    assert found.pairs == 4
    assert math.log(found.lower) == pytest.approx(mean - half)
    assert math.log(found.upper) == pytest.approx(mean + half)
    assert found.spent == pytest.approx(4 / 8)


def test_pairs_wanted_are_those_to_the_nearer_decision():
    """Below the limit, to show that it is below; above, to show that the candidate is slower."""
    both = ndtri(0.95) + ndtri(0.8)
    for logs, limit in (([0.0, 0.3, -0.2, 0.1], 1.25), ([0.5, 0.1, 0.9, -0.1], 1.25)):
        found = judge_ratio(logs, limit, 0.95, looks(8))
        mean, spread = np.mean(logs), np.std(logs, ddof=1)
        distance = math.log(limit) - mean if mean < math.log(limit) else mean
        assert found.decision == "continue"
        assert found.needed == max(math.ceil((both * spread / distance) ** 2), 5)


def test_a_look_spends_only_on_what_passed_no_look_before():
    """Those that fell below the first level are gone: the second takes its share of the others, so
    its level is larger than that of all paths together."""
    first, second = spending((4, 6), 0.3)
    rng = np.random.default_rng(1)
    paths = rng.normal(size=(400_000, 6))

    def tail(n):
        part = paths[:, :n]
        return part.mean(axis=1) / (part.std(axis=1, ddof=1) / math.sqrt(n))

    below = tail(4) < stdtrit(3, first)
    assert below.mean() == pytest.approx(0.3 * 4 / 6, abs=0.005)
    later = ~below & (tail(6) < stdtrit(5, second))
    assert later.mean() == pytest.approx(0.3 * 2 / 6, abs=0.005)
