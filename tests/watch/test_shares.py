"""Intervals of shares and evidence after a long past."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.statistics.sequential import log_e_fail
from mlci.watch.evidence import Tally
from mlci.watch.onset import log_e_onset
from mlci.watch.shares import interval


@given(st.integers(0, 500), st.integers(0, 5000))
def test_the_interval_holds_the_share_seen(bad, good):
    low, high = interval(Tally(bad=bad, good=good), 0.95)
    assert 0.0 <= low <= high <= 1.0
    if bad + good:
        assert low <= bad / (bad + good) <= high


def test_the_first_bet_has_half_of_the_capital():
    tally = Tally(bad=40, good=1000)
    alone = log_e_fail(40, 1000, 0.005)
    assert log_e_onset(tally, (Tally(),), 0.005) == pytest.approx(alone - math.log(2), abs=1e-6)
    assert log_e_onset(Tally(), (Tally(),), 0.005) == pytest.approx(0.0)


@pytest.mark.simulation
def test_bets_that_begin_anew_keep_the_error_rate():
    random = np.random.default_rng(7)
    crossed = 0
    for _ in range(400):
        bad, n, onsets, top = 0, 0, [Tally()], -math.inf
        for k in range(60):
            bad, n = bad + int(random.binomial(500, 0.005)), n + 500
            tally = Tally(bad=bad, good=n - bad)
            top = max(top, log_e_onset(tally, onsets, 0.005))
            if k % 3 == 2:
                onsets.append(tally)
        crossed += top >= math.log(20)
    assert crossed / 400 <= 0.05
