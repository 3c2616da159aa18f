"""E-processes of one proportion against integrals, an identity and another implementation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln

from mlci.statistics.sequential import log_e_fail, log_e_pass, mean_log_e

COUNTS = st.integers(0, 10_000_000)
SHARES = st.sampled_from([1e-6, 0.001, 0.01, 0.05, 0.5, 0.95, 0.999])


@pytest.mark.parametrize(("over", "under"), [(0, 10), (3, 40), (12, 5), (0, 0)])
@pytest.mark.parametrize("theta", [0.02, 0.3, 0.9])
def test_both_are_means_of_likelihood_ratios(over: int, under: int, theta: float) -> None:
    def ratio(s: float) -> float:
        return (s / theta) ** over * ((1 - s) / (1 - theta)) ** under

    below, above = quad(ratio, 0, theta)[0] / theta, quad(ratio, theta, 1)[0] / (1 - theta)
    assert log_e_pass(over, under, theta) == pytest.approx(math.log(below), abs=1e-7)
    assert log_e_fail(over, under, theta) == pytest.approx(math.log(above), abs=1e-7)


@given(COUNTS, COUNTS, SHARES)
def test_the_two_bets_add_up_to_one_over_all_shares(over: int, under: int, theta: float) -> None:
    # theta * E_pass + (1 - theta) * E_fail is the uniform mixture, which has a closed form.
    whole = betaln(over + 1, under + 1) - over * math.log(theta) - under * math.log1p(-theta)
    parts = np.logaddexp(
        math.log(theta) + log_e_pass(over, under, theta),
        math.log1p(-theta) + log_e_fail(over, under, theta),
    )
    assert math.isfinite(parts)
    assert parts == pytest.approx(whole, rel=1e-9, abs=1e-6)


@given(COUNTS, COUNTS, SHARES)
def test_evidence_moves_with_each_request(over: int, under: int, theta: float) -> None:
    step = 1e-6 + 1e-12 * abs(log_e_pass(over, under, theta))
    assert log_e_pass(over, under + 1, theta) >= log_e_pass(over, under, theta) - step
    assert log_e_pass(over + 1, under, theta) <= log_e_pass(over, under, theta) + step
    assert log_e_fail(over, under, theta) == log_e_pass(under, over, 1 - theta) or theta != 0.5


@given(st.integers(0, 200), st.integers(0, 200), SHARES)
def test_at_the_objective_the_bankroll_is_fair(over: int, under: int, theta: float) -> None:
    for evidence in (log_e_pass, log_e_fail):
        later = np.logaddexp(
            math.log(theta) + evidence(over + 1, under, theta),
            math.log1p(-theta) + evidence(over, under + 1, theta),
        )
        assert later == pytest.approx(evidence(over, under, theta), abs=1e-6)


def test_an_even_bet_equals_savvis_multinomial() -> None:
    multinomial = pytest.importorskip("savvi.multinomial", exc_type=ImportError)
    reference = multinomial.Multinomial(0.05, np.array([0.5, 0.5]), k=2)
    reference.update(np.array([30, 55]))
    ours = np.logaddexp(log_e_pass(30, 55, 0.5), log_e_fail(30, 55, 0.5)) - math.log(2)
    assert ours == pytest.approx(math.log(reference.odds))


def test_enough_requests_without_event_pass() -> None:
    # With no event E_pass = (1 - (1-theta)^(h+1)) / ((h+1) theta (1-theta)^h) reaches 20.
    assert log_e_pass(0, 500, 0.01) >= math.log(20)
    assert log_e_pass(0, 400, 0.01) < math.log(20)


def test_the_mean_of_e_values() -> None:
    assert mean_log_e([0.0, 0.0]) == 0.0
    assert mean_log_e([math.log(20), -math.inf]) == pytest.approx(math.log(10))
    assert mean_log_e([1e6, 0.0]) == pytest.approx(1e6 - math.log(2))
    assert mean_log_e([-math.inf]) == -math.inf
    with pytest.raises(ValueError, match="no e-values"):
        mean_log_e([])


@pytest.mark.parametrize("arguments", [(-1, 5, 0.1), (5, -1, 0.1), (1, 1, 0.0), (1, 1, 1.0)])
def test_what_cannot_be_is_refused(arguments: tuple[int, int, float]) -> None:
    with pytest.raises(ValueError, match="not counts"):
        log_e_pass(*arguments)
    with pytest.raises(ValueError, match="not counts"):
        log_e_fail(*arguments)


def test_the_bankroll_is_fair_where_the_tail_nearly_underflows() -> None:
    later = np.logaddexp(
        math.log(0.01) + log_e_pass(158, 26, 0.01), math.log1p(-0.01) + log_e_pass(157, 27, 0.01)
    )
    assert later == pytest.approx(log_e_pass(157, 26, 0.01), abs=1e-9)
