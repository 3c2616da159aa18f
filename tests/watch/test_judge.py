"""What is said of which traffic; one test for each thing that can be said."""

import json
from dataclasses import replace

import pytest

from mlci.records.outcome import Health
from mlci.records.policy import Watch
from mlci.records.traffic import ArmCounts, Scrape
from mlci.watch.judge import MISSED, assess
from mlci.watch.watching import Watching

WATCH = Watch()


def watching(traffic, arm, *, canary, stable, scrapes=40, watch=WATCH):
    """``canary`` and ``stable``: (requests, errors, slower than each bound) a scrape."""
    state = Watching.start(watch, canary="c", stable="s" if stable else None)
    for k in range(scrapes):
        arms = {}
        for name, each in (("c", canary), ("s", stable)):
            if each:
                n, errors, slow = each
                edges = tuple((edge, k * (n - slow)) for edge in watch.latency)
                arms[name] = arm(started=k * n, failed=k * errors, buckets=edges)
        state = state.observe(Scrape(time=float(k), arms=arms))
    return state


def test_refusing_what_stable_accepts_is_regressed_though_no_error():
    edges = tuple((edge, 0) for edge in WATCH.latency)
    state = Watching.start(WATCH, canary="c", stable="s")
    for k in range(10):
        n = 50 * k
        both = {
            name: ArmCounts(
                started=n, ended=n, completed=n, failed=0, active=0, buckets=edges, codes={code: n}
            )
            for name, code in (("c", 400), ("s", 200))
        }
        state = state.observe(Scrape(time=float(k), arms=both))
    said = assess(state)
    assert said.health is Health.REGRESSED
    assert "more errors than stable" in said.reason
    assert said.estimates["share/errors"].value == 0.0


@pytest.fixture
def say(traffic, arm):
    return lambda **options: assess(watching(traffic, arm, **options))


def test_more_errors_than_stable_is_regressed(say):
    said = say(canary=(100, 4, 0), stable=(900, 4, 0))
    assert said.health is Health.REGRESSED
    assert "more errors than stable" in said.reason
    assert "[" in said.reason
    assert "n=3900" in said.reason
    assert not said.certified


def test_more_slow_answers_than_stable_is_regressed(say):
    said = say(canary=(100, 0, 8), stable=(900, 0, 8))
    assert said.health is Health.REGRESSED
    assert "more latency beyond 25, 50, 100 ms than stable" in said.reason


def test_the_same_rates_are_healthy_by_relative_evidence(say):
    said = say(canary=(500, 5, 10), stable=(500, 5, 10))
    assert said.health is Health.WATCHING  # both are over their budgets
    said = say(canary=(500, 2, 4), stable=(500, 2, 4), scrapes=300)
    assert said.health is Health.HEALTHY
    assert said.certified
    assert said.evidence["safe/errors"] > 3.7
    assert "errors 1.00 times stable's [0." in said.reason


def test_no_errors_at_all_are_healthy_by_the_budgets(say):
    said = say(canary=(50, 0, 0), stable=(950, 0, 0))
    assert said.health is Health.HEALTHY
    assert said.evidence["safe/errors"] == pytest.approx(0.0)
    # the budgets promote it, and no ratio is claimed to be known
    assert "errors 0.000% [0.000%, " in said.reason
    assert "against a budget of 0.500%" in said.reason
    assert "stable" not in said.reason


def test_the_budget_does_not_promote_while_the_ratio_is_too_large(say):
    watch = replace(WATCH, error_budget=0.2, harm=40.0, tolerated=1.5)
    said = say(canary=(100, 4, 0), stable=(900, 4, 0), watch=watch)
    assert said.evidence["pass/errors"] > 3.7
    assert said.health is Health.WATCHING
    assert "errors" in said.reason


def test_the_ends_of_the_grid_are_no_bounds(say):
    nothing = say(canary=(5, 0, 0), stable=(95, 0, 0), scrapes=3)
    assert "; its ratio to stable's is not known" in nothing.reason
    only_canary = say(canary=(100, 9, 0), stable=(900, 0, 0), scrapes=10)
    assert "times stable's [at least " in only_canary.reason
    only_stable = say(canary=(100, 0, 0), stable=(100, 20, 0), scrapes=60)
    assert "times stable's [at most " in only_stable.reason
    for said in (nothing, only_canary, only_stable):
        assert "100.00" not in said.reason
        assert "0.01," not in said.reason


def test_too_few_requests_are_said(say):
    said = say(canary=(500, 2, 4), stable=(500, 2, 4), watch=replace(WATCH, minimum_requests=10**6))
    assert said.health is Health.WATCHING
    assert "of at least 1000000 requests" in said.reason


def test_both_arms_over_the_budget_is_an_incident_and_no_abort(say):
    said = say(canary=(500, 25, 0), stable=(500, 25, 0))
    assert said.health is Health.WATCHING
    assert "canary and stable breach the budget of errors" in said.reason
    assert not said.certified


def test_without_traffic_nothing_can_be_seen(say):
    assert say(canary=(0, 0, 0), stable=(900, 4, 0)).health is Health.UNKNOWN


def test_missing_scrapes_are_unknown_and_keep_the_evidence(traffic, arm):
    state = watching(traffic, arm, canary=(500, 2, 4), stable=(500, 2, 4), scrapes=300)
    evidence = assess(state).evidence
    for _ in range(MISSED):
        state = state.observe(None)
    said = assess(state)
    assert said.health is Health.UNKNOWN
    assert said.evidence == evidence
    one_arm = Scrape(time=301.0, arms={"c": arm(started=10)})
    assert assess(state.observe(one_arm)).health is Health.UNKNOWN


def test_alone_it_is_judged_by_the_budgets(say):
    assert say(canary=(100, 2, 0), stable=None).health is Health.REGRESSED
    said = say(canary=(100, 0, 0), stable=None)
    assert (said.health, said.certified) == (Health.HEALTHY, True)
    assert say(canary=(1, 0, 0), stable=None).health is Health.WATCHING
    assert "above the budget" in say(canary=(100, 0, 5), stable=None).reason


def test_harm_after_a_long_healthy_time_is_seen_within_a_minute(traffic, arm):
    state = Watching.start(WATCH, canary="c")
    n = bad = 0
    for k in range(3700):
        n, bad = n + 200, bad + (4 if k > 3600 else 0)
        edges = tuple((edge, n) for edge in WATCH.latency)
        state = state.observe(
            Scrape(time=float(k), arms={"c": arm(started=n, failed=bad, buckets=edges)})
        )
        if k in (3600, 3660):
            said = assess(state)
            assert said.health is (Health.HEALTHY if k == 3600 else Health.REGRESSED)


def test_a_hung_canary_is_regressed_before_any_of_its_requests_ended(arm):
    state = Watching.start(WATCH, canary="c", stable="s")
    for k in range(6):
        edges = tuple((edge, 190 * k) for edge in WATCH.latency)
        none = tuple((edge, 0) for edge in WATCH.latency)
        arms = {
            "c": arm(started=10 * k, ended=0, buckets=none),
            "s": arm(started=190 * k, buckets=edges),
        }
        state = state.observe(Scrape(time=float(k), arms=arms))
    assert assess(state).health is Health.REGRESSED


def test_a_canary_that_takes_all_clients_with_it_is_regressed(arm):
    """Closed-loop clients: once all wait for the hung canary, stable gets no request either."""
    state = Watching.start(WATCH, canary="c", stable="s")
    looks = ((0, 0), (500, 40), (500, 40), (500, 40))
    for k, (answered, hung) in enumerate(looks):
        edges = tuple((edge, answered) for edge in WATCH.latency)
        arms = {"c": arm(started=hung, ended=0), "s": arm(started=answered, buckets=edges)}
        state = state.observe(Scrape(time=float(k), arms=arms))
    assert assess(state).health is Health.REGRESSED


def test_a_step_of_100_percent_is_judged_by_the_budgets(traffic, arm):
    state = watching(traffic, arm, canary=(100, 0, 0), stable=(900, 0, 0), scrapes=5)
    n, bad = 400, 0
    for k in range(5, 30):
        n, bad = n + 1000, bad + 20
        canary = arm(started=n, failed=bad, buckets=tuple((edge, n) for edge in WATCH.latency))
        stable = arm(started=3600, buckets=tuple((edge, 3600) for edge in WATCH.latency))
        state = state.observe(Scrape(time=float(k), arms={"c": canary, "s": stable}))
    said = assess(state)
    assert said.health is Health.REGRESSED
    assert "above the budget" in said.reason


def test_json_gives_the_same_state_back(traffic, arm):
    for stable in ((900, 4, 8), None):
        state = watching(traffic, arm, canary=(100, 1, 2), stable=stable, scrapes=150)
        again = Watching.from_dict(json.loads(json.dumps(state.to_dict(), allow_nan=False)))
        assert again.to_dict() == state.to_dict()
        assert assess(again) == assess(state)


def test_a_budget_of_nothing_is_no_crash(say):
    watch = replace(WATCH, error_budget=0.0, latency_budget=0.0)
    assert say(canary=(100, 0, 0), stable=None, watch=watch).health is Health.WATCHING
    assert say(canary=(100, 1, 0), stable=None, watch=watch).health is Health.REGRESSED


@pytest.mark.parametrize("least", [60, 500])
def test_clients_that_all_come_to_wait_for_a_hung_canary_are_seen(least):
    """The last look before the hang must not use up stable's part of the comparison."""

    def arm(started, ended):
        return ArmCounts(
            started=started,
            ended=ended,
            completed=ended,
            failed=0,
            active=started - ended,
            buckets=((0.5, ended), (1.0, ended)),
            codes={200: ended},
        )

    watch = Watch(
        latency=(0.5, 1.0), error_budget=0.05, latency_budget=0.05, minimum_requests=least
    )
    watching = Watching.start(watch, canary="c", stable="s")
    looks = [(0.0, 0, 0, 100), (0.25, 20, 10, 130), (0.5, 69, 12, 150)]
    looks += [(0.75 + 0.25 * at, 69, 12, 150) for at in range(4)]
    for time, started, ended, stable in looks:
        arms = {"c": arm(started, ended), "s": arm(stable, stable)}
        watching = watching.observe(Scrape(time=time, arms=arms))
    assert assess(watching).health is Health.REGRESSED
