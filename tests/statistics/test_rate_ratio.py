"""Canary against stable: what the evidence says, and that a state survives its file."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from mlci.statistics.rate_ratio import RateRatio, grid, prior

SCRAPES = st.lists(
    st.tuples(
        st.integers(0, 50), st.integers(0, 500), st.integers(50, 1000), st.integers(500, 10_000)
    ),
    max_size=12,
)


def watched(scrapes: list[tuple[int, int, int, int]]) -> RateRatio:
    state = RateRatio.start(harm=1.1, tolerated=1.5)
    for scrape in scrapes:
        state = state.update(*scrape)
    return state


def test_nothing_seen_is_no_evidence() -> None:
    state = RateRatio.start(harm=1.1, tolerated=1.5)
    assert (state.log_e_harm(), state.log_e_safe()) == pytest.approx((0.0, 0.0))
    assert state.estimate == pytest.approx(1.0)
    assert state.interval(0.95) == pytest.approx((0.01, 100.0))
    for empty in ((0, 0, 100, 900), (0, 3, 0, 900), (3, 0, 100, 0), (0, 0, 0, 0)):
        assert state.update(*empty) is state


@given(SCRAPES)
def test_evidence_is_finite_and_survives_json(scrapes: list[tuple[int, int, int, int]]) -> None:
    state = watched(scrapes)
    again = RateRatio.from_dict(json.loads(json.dumps(state.to_dict(), allow_nan=False)))
    low, high = state.interval(0.95)
    assert 0.01 <= low <= high <= 100.01
    for each in (state, again):
        assert math.isfinite(each.log_e_harm())
        assert math.isfinite(each.log_e_safe())
    assert again.update(3, 40, 100, 900).log_e_harm() == state.update(3, 40, 100, 900).log_e_harm()
    assert again.estimate == state.estimate
    assert again.events == state.events == sum(s[0] + s[1] for s in scrapes)


def test_evidence_is_fair_at_the_limits_whatever_came_before() -> None:
    # The mean of the next e-value over all outcomes at r = limit is today's e-value.
    state = watched([(3, 20, 100, 900), (9, 15, 300, 700)])
    dispersion = state.dispersion
    for limit, evidence in ((1.1, RateRatio.log_e_harm), (1.5, RateRatio.log_e_safe)):
        n_canary, n_stable, events = 250, 750, 12
        share = limit * n_canary / (limit * n_canary + n_stable)
        mean = sum(
            binom.pmf(k, events, share)
            * math.exp(evidence(state.update(k, events - k, n_canary, n_stable)))
            for k in range(events + 1)
        )
        now = math.exp(evidence(state))
        if dispersion == 1.0:
            assert mean == pytest.approx(now)
        assert mean <= now * (1 + 1e-9)


def test_one_scrape_is_the_mixture_that_the_docs_state() -> None:
    state = watched([(7, 21, 200, 800)])
    r, weights = np.exp(grid(1.1, 1.5)), prior(1.1, 1.5, 0.3, math.log(2))

    def likelihood(ratio: np.ndarray) -> np.ndarray:
        share = ratio * 200 / (ratio * 200 + 800)
        return share**7 * (1 - share) ** 21

    bets = likelihood(r) / likelihood(np.array(1.1))
    harmful = r > 1.1 + 1e-9
    mixture = np.average(bets[harmful], weights=weights[harmful])
    assert state.log_e_harm() == pytest.approx(math.log(0.75 * mixture + 0.25))


def test_many_more_errors_abort_and_equal_ones_promote() -> None:
    threshold = math.log(20)
    harmful = watched([(10, 30, 100, 900)] * 6)
    assert harmful.log_e_harm() > threshold
    assert harmful.log_e_safe() < 0
    assert harmful.interval(0.95)[0] > 1.1
    healthy = watched([(3, 27, 100, 900)] * 30)
    assert healthy.log_e_safe() > threshold
    assert healthy.log_e_harm() < 0
    assert healthy.interval(0.95)[1] < 1.5
    assert healthy.estimate == pytest.approx(1.0, abs=0.05)


def test_harm_that_begins_late_is_seen() -> None:
    healthy = [(3, 27, 100, 900)] * 60
    assert watched(healthy + [(12, 27, 100, 900)] * 15).log_e_harm() > math.log(20)


def test_the_base_rate_and_the_weights_do_not_matter() -> None:
    drifting = watched([(k, k, 500, 500) for k in range(1, 40)])
    assert drifting.log_e_harm() < 0
    assert drifting.estimate == pytest.approx(1.0, abs=0.01)


def test_scatter_beyond_counting_makes_bets_smaller() -> None:
    calm = watched([(10, 90, 100, 900)] * 20)
    wild = watched([(2, 90, 100, 900), (18, 90, 100, 900)] * 10)
    assert calm.dispersion == 1.0
    assert wild.dispersion > 2.0


def test_ten_million_events_stay_finite() -> None:
    state = watched([(10_000_000, 10_000_000, 50_000_000, 50_000_000)] * 3)
    assert state.log_e_safe() > 1000
    assert state.log_e_harm() < 0
    low, high = state.interval(0.95)
    assert 0.95 < low < 1.0 < high < 1.05


def test_what_cannot_be_is_refused() -> None:
    state = RateRatio.start(harm=1.1, tolerated=1.5)
    for counts in ((-1, 0, 5, 5), (1, 0, 0, 5), (0, 1, 5, 0)):
        with pytest.raises(ValueError, match="cannot be"):
            state.update(*counts)
    for limits in ({"harm": 0.9, "tolerated": 1.5}, {"harm": 1.1, "tolerated": 1.0}):
        with pytest.raises(ValueError, match="ratios from 1"):
            RateRatio.start(**limits)
    with pytest.raises(ValueError, match="started for"):
        state.log_e_harm(1.2)
    with pytest.raises(ValueError, match="started for"):
        state.log_e_safe(2.0)


def test_a_file_of_another_version_is_refused() -> None:
    data = watched([(3, 27, 100, 900)]).to_dict()
    with pytest.raises(ValueError, match="grid"):
        RateRatio.from_dict({**data, "onset": data["onset"][1:]})
    with pytest.raises(ValueError, match="grid"):
        RateRatio.from_dict({**data, "likelihood": [math.nan] * len(data["likelihood"])})
    with pytest.raises(KeyError):
        RateRatio.from_dict({"harm": 1.1, "tolerated": 1.5})
