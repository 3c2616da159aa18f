"""Roots of falling functions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.statistics.roots import falling_root


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20))
def test_each_element_has_its_own_root(roots: list[float]) -> None:
    wanted = np.array(roots)
    found = falling_root(lambda x: wanted**3 - x**3, np.full(wanted.shape, -6.0), 6.0)
    assert found**3 == pytest.approx(wanted**3, abs=1e-8)


def test_without_a_root_the_nearer_end_is_the_answer() -> None:
    shift = np.array([-10.0, 0.3, 10.0])
    found = falling_root(lambda x: shift - x, np.full(3, -1.0), np.full(3, 1.0))
    assert found == pytest.approx([-1.0, 0.3, 1.0])


def test_steps_and_infinities_are_bisected() -> None:
    found = falling_root(lambda x: np.where(x < 0.7, np.inf, -np.inf), np.zeros(2), np.ones(2))
    assert found == pytest.approx([0.7, 0.7])
