"""Which of the sorted values of a bootstrap is a bound, and how often it misses."""

import importlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.statistics.nobounds import NoBounds
from mlci.statistics.resampled import FEWEST_BEYOND, beyond, tail

TABLES = Path(__file__).parents[2] / "docs" / "tables"


@given(alpha=st.floats(1e-6, 0.49), events=st.integers(30, 10**9))
def test_a_bound_is_taken_further_out_than_asked_for_unless_events_are_many(alpha, events):
    assert 0.0 < tail(alpha, events) < alpha
    assert tail(alpha, events) < tail(alpha, 4 * events)
    assert tail(alpha, 10**12) == pytest.approx(alpha, rel=1e-3)


@given(alpha=st.floats(1e-4, 0.49), events=st.integers(30, 10**6), resamples=st.integers(199, 9999))
def test_a_quantile_that_the_resamples_do_not_carry_is_refused(alpha, events, resamples):
    carried = tail(alpha, events) * (resamples + 1)
    if carried < FEWEST_BEYOND:
        with pytest.raises(NoBounds, match=rf"takes [\d,]+ resamples, and there are {resamples:,}"):
            beyond(alpha, events, resamples)
    else:
        assert FEWEST_BEYOND <= beyond(alpha, events, resamples) <= (resamples + 1) // 2


def test_199_resamples_carry_95_percent_of_thirty_events():
    assert beyond(0.05, 30, 199) == FEWEST_BEYOND
    assert beyond(0.05, 10**9, 999) == 49


@pytest.mark.simulation
def test_no_bound_misses_more_often_than_it_says(monkeypatch):
    monkeypatch.syspath_prepend(str(TABLES))
    rows = list(importlib.import_module("resampled").resampled(runs=300, resamples=999))
    assert rows
    assert [row for row in rows if not row.holds()] == []
