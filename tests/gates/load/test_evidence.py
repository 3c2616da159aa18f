import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.gates.load.evidence import (
    allowed,
    detectable_share,
    forbidden,
    requests_needed,
    share_bounds,
    threshold,
)
from mlci.statistics.sequential import log_e_fail, log_e_pass

shares = st.sampled_from([0.001, 0.01, 0.05, 0.5])


@given(st.integers(1, 5000), shares)
def test_allowed_is_the_last_count_that_passes(requests, theta0):
    events = allowed(requests, theta0, 0.95)

    assert events < 0 or log_e_pass(events, requests - events, theta0) >= threshold(0.95)
    if events < requests:
        assert log_e_pass(events + 1, requests - events - 1, theta0) < threshold(0.95)


@given(st.integers(1, 5000), shares)
def test_forbidden_is_the_first_count_that_fails(requests, theta0):
    events = forbidden(requests, theta0, 0.95)

    assert events > requests or log_e_fail(events, requests - events, theta0) >= threshold(0.95)
    assert log_e_fail(events - 1, requests - events + 1, theta0) < threshold(0.95)


@given(st.integers(1, 5000), st.data())
def test_the_bounds_are_where_the_tests_decide(requests, data):
    events = data.draw(st.integers(0, requests))

    low, high = share_bounds(events, requests, 0.95)

    assert 0.0 <= low <= events / requests <= high <= 1.0
    if high < 1.0:
        assert log_e_pass(events, requests - events, high) >= threshold(0.95) - 1e-6
    if low > 0.0:
        assert log_e_fail(events, requests - events, low) == pytest.approx(
            threshold(0.95), abs=1e-3
        )


def test_few_requests_can_show_nothing():
    assert allowed(50, 0.05, 0.95) == -1
    assert forbidden(1, 0.5, 0.95) == 2
    assert detectable_share(50, 0.05, 0.95) is None


@settings(max_examples=20)
@given(shares, st.floats(0.0, 2.0))
def test_the_requests_needed_decide_and_one_fewer_hardly(theta0, factor):
    share = min(theta0 * factor, 1.0)
    needed = requests_needed(share, theta0, 0.95)
    if needed is None:
        return
    events = round(share * needed)
    evidence = log_e_pass if share < theta0 else log_e_fail

    assert evidence(events, needed - events, theta0) >= threshold(0.95)


def test_the_boundary_itself_is_never_shown():
    assert requests_needed(0.05, 0.05, 0.95) is None


def test_a_tenth_of_a_percent_takes_some_twenty_thousand_requests():
    assert requests_needed(0.0005, 0.001, 0.95) == pytest.approx(24_000, rel=0.15)


@pytest.mark.simulation
def test_the_detectable_share_is_shown_with_power_of_eight_in_ten():
    random = np.random.default_rng(11)
    requests, theta0 = 2000, 0.05
    share = detectable_share(requests, theta0, 0.95)

    events = random.binomial(requests, share, 20_000)

    assert np.mean(events <= allowed(requests, theta0, 0.95)) == pytest.approx(0.8, abs=0.02)


def test_the_threshold_is_the_bankrolls_growth():
    assert math.exp(threshold(0.95)) == pytest.approx(20)
