"""Holm's adjustment against statsmodels, and the levels that its intervals are shown at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from mlci.statistics.holm import holm, holm_levels

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30)


@settings(max_examples=15)  # a call of the reference takes 0.1 s
@given(P_VALUES)
def test_adjusted_p_values_equal_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


@given(P_VALUES, st.sampled_from([0.01, 0.05, 0.2]))
def test_levels_reach_the_same_decisions(p_values: list[float], alpha: float) -> None:
    rejected = holm(p_values) <= alpha
    levels = holm_levels(p_values, alpha)
    # Equal up to rounding at the very edge of a level.
    clear = np.abs(np.asarray(p_values) - levels) > 1e-12
    assert ((np.asarray(p_values) <= levels) == rejected)[clear].all()
    assert (levels >= alpha / len(p_values) - 1e-15).all()
    assert (levels <= alpha).all()
    if not rejected.all():
        assert levels[~rejected] == pytest.approx(alpha / np.sum(~rejected))


def test_no_comparison_gives_no_level() -> None:
    assert holm([]).size == 0
    assert holm_levels([], 0.05).size == 0


def test_p_values_that_cannot_be_are_refused() -> None:
    for p_values in ([1.5], [-0.1], [float("nan")]):
        with pytest.raises(ValueError, match="p-values"):
            holm(p_values)


def test_a_p_value_at_its_level_is_rejected() -> None:
    assert holm_levels([0.025, 0.9], 0.05).tolist() == [0.025, 0.05]
    assert holm([0.025, 0.9]).tolist() == [0.05, 0.9]
