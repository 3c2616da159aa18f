import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlci.gates import load
from mlci.gates.load.measurement import LoadMeasurement, Measured
from mlci.loadtest.block import CANDIDATE, CHAMPION, Block
from mlci.records.outcome import Outcome

FAST, SLOW = 2_000, 80_000
RATIO = {"champion": {"maximumRatio": {"p50": 1.5}}}


@pytest.fixture
def judge(spec, policy):
    def run(measurement, **parameters):
        chosen = spec(**parameters)
        planned = load.plan(chosen, policy, comparing=True)
        return load.judge(chosen, planned, measurement)

    return run


@pytest.fixture
def pairs(block):
    """Blocks of ``count`` pairs, the candidate ``ratio`` times as slow, with some noise."""

    def make(ratio, count=8, noise=0.05, **champion):
        random = np.random.default_rng(5)
        blocks = []
        for pair in range(count):
            slower = ratio * math.exp(random.normal(0, noise))
            blocks.append(block([int(FAST * slower)] * 50, pair=pair))
            blocks.append(block([FAST] * 50, arm=CHAMPION, pair=pair, **champion))
        return blocks

    return make


def test_fast_requests_pass(judge, block, measured):
    (judged,) = judge(measured(block([FAST] * 200)), objectives={"p95": "50ms"})

    assert judged.outcome is Outcome.PASS
    assert (judged.estimate, judged.n) == (0.002, 200)
    assert judged.interval == (0.002, 0.002)
    assert judged.detectable == pytest.approx(0.05)


def test_slow_requests_fail(judge, block, measured):
    (judged,) = judge(measured(block([SLOW] * 200)), objectives={"p95": "50ms"})

    assert judged.outcome is Outcome.FAIL
    assert judged.interval[0] == 0.08
    assert "200 of 200 requests" in judged.reason


def test_failed_requests_are_slow_ones(judge, block, measured):
    (judged,) = judge(measured(block([FAST] * 100, failed=100)), objectives={"p95": "50ms"})

    assert judged.outcome is Outcome.FAIL
    assert judged.estimate == 2.0


def test_errors_beyond_the_budget_fail(judge, block, measured):
    blocks = measured(block([FAST] * 150, failed=50))
    (judged,) = judge(blocks, objectives={"errorRate": "1%"})

    assert judged.outcome is Outcome.FAIL
    assert judged.estimate == 0.25
    assert 0.01 < judged.interval[0] < 0.25 < judged.interval[1] < 0.4
    assert judged.details["candidate"]["failures"] == {"status 500": 50}


def test_too_few_requests_say_how_many_would_do(judge, block, measured):
    blocks = measured(block([FAST] * 200))
    (judged,) = judge(blocks, objectives={"errorRate": "0.1%"})

    assert judged.outcome is Outcome.INCONCLUSIVE
    assert judged.needed == pytest.approx(4_512, abs=1)
    assert "the budget ended" in judged.reason


def test_no_block_at_all_is_inconclusive(judge, block, measured):
    for measurement in (measured(), measured(block([FAST] * 500, void="the generator was late"))):
        for judged in judge(measurement, objectives={"p95": "50ms", "errorRate": "1%"}, **RATIO):
            assert judged.outcome is Outcome.INCONCLUSIVE
            assert judged.needed > 0
            assert judged.estimate is judged.interval is None


def test_a_void_block_is_not_counted_but_named(judge, block, measured):
    blocks = measured(block([FAST] * 200), block([SLOW] * 200, void="late"))
    (judged,) = judge(blocks, objectives={"p95": "50ms"})

    assert judged.outcome is Outcome.PASS
    assert judged.n == 200
    assert judged.details["blocks"] == {"counted": 1, "void": 1}
    assert judged.details["voidReasons"] == {"late": 1}


def test_what_comes_after_a_decision_is_not_used(judge, block, measured):
    first = block([FAST] * 200)
    (judged,) = judge(measured(first), objectives={"p95": "50ms"})

    (again,) = judge(measured(first, block([SLOW] * 900)), objectives={"p95": "50ms"})

    assert replace(again, details={}) == replace(judged, details={})


def test_an_equal_model_passes_the_ratio(judge, pairs, measured):
    (judged,) = judge(measured(*pairs(1.0)), **RATIO)

    assert judged.outcome is Outcome.PASS
    assert judged.interval[0] < judged.estimate < judged.interval[1] < 1.5
    assert judged.n == 4
    assert 1.0 < judged.detectable < 1.5


def test_a_slower_model_fails_the_ratio(judge, pairs, measured):
    (judged,) = judge(measured(*pairs(2.0)), **RATIO)

    assert judged.outcome is Outcome.FAIL
    assert judged.interval[0] > 1.5


def test_a_ratio_between_says_how_many_pairs_would_do(judge, pairs, measured):
    (judged,) = judge(measured(*pairs(1.4, noise=0.3)), **RATIO)

    assert judged.outcome is Outcome.INCONCLUSIVE
    assert judged.needed > 8


def test_a_pair_with_a_void_half_is_no_pair(judge, pairs, block, measured):
    blocks = pairs(1.0, count=3)
    blocks += [block([SLOW] * 50, pair=3), block([FAST] * 50, arm=CHAMPION, pair=3, void="late")]
    (judged,) = judge(measured(*blocks), **RATIO)

    assert judged.outcome is Outcome.INCONCLUSIVE
    assert judged.needed == 4
    assert "3 pairs of blocks count" in judged.reason


def test_a_budget_of_too_few_pairs_is_inconclusive(judge, pairs, measured):
    blocks = replace(measured(*pairs(1.0, count=3)), maximum_pairs=3)
    (judged,) = judge(blocks, **RATIO)

    assert judged.outcome is Outcome.INCONCLUSIVE
    assert judged.needed == 4


def test_a_champion_that_fails_its_requests_is_an_error(judge, pairs, measured):
    (judged,) = judge(measured(*pairs(1.0, failed=60)), **RATIO)

    assert judged.outcome is Outcome.ERROR
    assert "champion" in judged.reason


def test_a_champion_that_cant_be_served_is_an_error_of_the_ratio_alone(judge, block, measured):
    blocks = measured(block([FAST] * 200), champion_error="can't be served: a pickle")
    objective, ratio = judge(blocks, objectives={"p95": "50ms"}, **RATIO)

    assert objective.outcome is Outcome.PASS
    assert ratio.outcome is Outcome.ERROR
    assert ratio.reason == "can't be served: a pickle"


def test_a_candidate_that_cant_be_served_is_an_error_of_all(judge, measured):
    for judged in judge(measured(error="a pickle"), objectives={"p95": "50ms"}, **RATIO):
        assert judged.outcome is Outcome.ERROR


def plain(latencies, failed):
    sent = len(latencies) + failed
    block = Block(
        arm=CANDIDATE,
        scheduled=sent,
        sent=sent,
        failed=failed,
        latencies=tuple(sorted(latencies)),
        lag_p99=0.0,
        cpu=0.0,
    )
    return Measured(block=block, pair=None, void="")


blocks_of_requests = st.lists(
    st.builds(plain, st.lists(st.integers(0, 200_000), max_size=60), st.integers(0, 5)), max_size=5
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(blocks=blocks_of_requests)
def test_outcome_and_interval_never_contradict(judge, blocks):
    objectives = {"p50": "50ms", "p95": "100ms", "errorRate": "5%"}
    measurement = LoadMeasurement(timeout=2.0, blocks=tuple(blocks))
    for judged in judge(measurement, objectives=objectives):
        if judged.interval is None:
            assert judged.outcome is Outcome.INCONCLUSIVE
            continue
        low, high = judged.interval
        assert math.isfinite(low)
        assert math.isfinite(high)
        assert low <= judged.estimate <= high
        if judged.outcome is Outcome.PASS:
            assert high <= judged.planned.limit.value + 1e-9
        if judged.outcome is Outcome.FAIL:
            assert low >= judged.planned.limit.value - 1e-9


def test_details_hold_distributions_that_add_up_and_stay_small(judge, block, measured):
    one = block([FAST] * 30 + [SLOW] * 10, failed=2)
    blocks = [replace(one, block=replace(one.block, lag_p99=0.001 * at)) for at in range(300)]
    (judged,) = judge(measured(*blocks), objectives={"p95": "50ms"})
    candidate = judged.details["candidate"]
    assert sum(number for _, number in candidate["latencies"]) == 12_000
    assert (candidate["requests"], candidate["failed"]) == (12_600, 600)
    assert (candidate["minimum"], candidate["maximum"]) == (0.002, 0.08)
    assert candidate["mean"] == pytest.approx(0.0215)
    assert candidate["p50"] <= candidate["p90"] <= candidate["p95"]
    lags = judged.details["generator"]["lags"]
    assert len(lags) == 150
    assert max(lags) == 0.299


def test_each_arms_requests_are_its_own_and_void_blocks_are_nobodys(judge, block, measured):
    blocks = measured(
        block([FAST] * 30, failed=2, pair=0),
        block([SLOW] * 20, arm=CHAMPION, pair=0),
        block([FAST] * 7, pair=1, void="late"),
        block([FAST] * 5, arm=CHAMPION, pair=1, void="late"),
        block_seconds=2.0,
    )
    details = judge(blocks, objectives={"p95": "50ms"})[0].details
    counted = {
        arm: (details[arm]["requests"], details[arm]["failed"]) for arm in (CANDIDATE, CHAMPION)
    }
    assert counted == {CANDIDATE: (32, 2), CHAMPION: (20, 0)}
    assert details[CANDIDATE]["p50"] == FAST / 1e6
    assert details[CHAMPION]["p50"] == SLOW / 1e6
    assert details[CANDIDATE]["seconds"] == details[CHAMPION]["seconds"] == 2.0


def test_four_pairs_are_enough_to_be_judged(judge, pairs, measured):
    (judged,) = judge(replace(measured(*pairs(1.0, count=4)), maximum_pairs=4), **RATIO)

    assert (judged.outcome, judged.n) == (Outcome.PASS, 4)
    assert "the budget ended" not in judged.reason


def test_a_champion_that_fails_after_the_decision_changes_nothing(judge, pairs, block, measured):
    blocks = [*pairs(1.0, count=4), block([FAST] * 50, pair=4)]
    failing = block([FAST] * 10, arm=CHAMPION, pair=4, failed=90)
    (judged,) = judge(measured(*blocks, failing), **RATIO)
    assert (judged.outcome, judged.n) == (Outcome.PASS, 4)
    blocks = [*pairs(1.4, count=6, noise=0.3), block([FAST] * 50, pair=6)]
    failing = block([FAST] * 10, arm=CHAMPION, pair=6, failed=90)
    (judged,) = judge(measured(*blocks, failing), **RATIO)
    assert judged.outcome is Outcome.ERROR
    (judged,) = judge(measured(*blocks), **RATIO)
    assert judged.outcome is Outcome.INCONCLUSIVE
    assert judged.reason.endswith("the budget ended between the two decisions")


def test_a_champion_whose_percentile_was_answered_has_one(judge, pairs, measured):
    """Half of the requests fail: the median is the slowest of those that were answered."""
    (judged,) = judge(measured(*pairs(1.0, failed=50)), **RATIO)

    assert judged.outcome is Outcome.PASS


@pytest.mark.parametrize(("failed", "side"), [(1, "below"), (3, "above")])
def test_what_was_not_shown_is_said(judge, block, measured, failed, side):
    (judged,) = judge(measured(block([FAST] * 20, failed=failed)), objectives={"errorRate": "10%"})

    assert judged.outcome is Outcome.INCONCLUSIVE
    assert judged.reason.endswith(f"before the share was shown to be {side} that")
    assert judged.needed > 23


def test_what_is_decided_needs_no_more(judge, block, measured):
    for latency in (FAST, SLOW):
        (judged,) = judge(measured(block([latency] * 200)), objectives={"p95": "50ms"})
        assert judged.outcome is not Outcome.INCONCLUSIVE
        assert judged.needed is None


def test_latencies_below_the_clocks_resolution_show_nothing_of_a_percentile(judge, block, measured):
    (judged,) = judge(measured(block([0] * 120 + [FAST] * 80)), objectives={"p50": "50ms"})

    assert (judged.outcome, judged.detectable) == (Outcome.PASS, None)
