"""What Envoy counts of which request, and the watch on real traffic."""

import time

import pytest

from mlci.records.outcome import Health
from mlci.records.policy import Watch
from mlci.watch.judge import assess
from mlci.watch.watching import Watching

pytestmark = [pytest.mark.journey, pytest.mark.alone]
WATCH = Watch(latency=(0.05, 0.1, 0.25))


@pytest.fixture
def up(stage):
    def both(**canary):
        engine = stage.engine(latency_bounds=WATCH.latency, timeout=canary.pop("timeout", 15.0))
        engine.start()
        stable, other = stage.server("1.0", delay=0.005), stage.server("1.1", **canary)
        stage.bring_up(engine, stable, other)
        engine.route(stage.split(stable, other, 20))
        return engine, stable, other

    return both


def first_look(engine, stable, canary):
    """Taken before any client: requests that hang before it belong to no look."""
    watching = Watching.start(WATCH, canary=canary.identity, stable=stable.identity)
    return watching.observe(engine.scrape())


def judged(engine, watching, *, until, seconds=90.0, every=0.5):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        scrape = engine.scrape()
        watching = watching.observe(scrape)
        said = assess(watching)
        if said.health in until:
            return said, scrape
        time.sleep(every)
    raise AssertionError(said)


def test_a_hung_canary_is_seen_before_any_of_its_requests_ends(stage, up):
    engine, stable, canary = up(answer="hang", timeout=20.0)
    watching = first_look(engine, stable, canary)
    with stage.traffic(clients=40):
        said, scrape = judged(engine, watching, until={Health.REGRESSED})
        engine.route(stage.split(stable))
    assert scrape.arms[canary.identity].ended == 0
    assert scrape.arms[canary.identity].active > 0
    assert "more latency" in said.reason


def test_a_canary_that_fails_is_seen(stage, up):
    engine, stable, canary = up(answer="fail")
    watching = first_look(engine, stable, canary)
    with stage.traffic():
        said, _ = judged(engine, watching, until={Health.REGRESSED})
    assert "more errors than stable" in said.reason


def test_a_slow_canary_is_seen(stage, up):
    engine, stable, canary = up(delay=0.12)
    watching = first_look(engine, stable, canary)
    with stage.traffic():
        said, _ = judged(engine, watching, until={Health.REGRESSED})
    assert "more latency" in said.reason


def test_an_equal_canary_is_certified(stage, up):
    engine, stable, canary = up(delay=0.005)
    watching = first_look(engine, stable, canary)
    with stage.traffic():
        said, _ = judged(engine, watching, until={Health.HEALTHY, Health.REGRESSED})
    assert said.certified


def test_timeouts_and_lost_clients_are_ended_and_in_no_bucket(stage, up):
    engine, _, canary = up(answer="hang", timeout=1.0)
    engine.route(stage.split(canary))
    seen = stage.drive(4, clients=4)
    assert set(seen.answers) == {(504, "1.1")}
    n = seen.total
    counts = engine.scrape().arms[canary.identity]
    assert (counts.started, counts.ended, counts.completed, counts.failed) == (n, n, n, n)
    assert counts.answered_within(30.0) == 0
    with stage.impatient():
        stage.wait(lambda: engine.scrape().arms[canary.identity].active == 1)
    stage.wait(lambda: engine.scrape().arms[canary.identity].ended == n + 1)
    counts = engine.scrape().arms[canary.identity]
    assert (counts.started, counts.completed, counts.active) == (n + 1, n, 0)


def test_quick_answers_never_look_slow_wherever_the_watch_begins(stage):
    """At the first look the histograms hold answers that the counters don't have yet."""
    watch = Watch(latency=(5.0,))
    engine = stage.engine(latency_bounds=watch.latency)
    engine.start()
    stable, canary = stage.server("1.0"), stage.server("1.1")
    stage.bring_up(engine, stable, canary)
    engine.route(stage.split(stable, canary, 50))
    with stage.traffic(clients=4):
        for _ in range(20):
            watching = Watching.start(watch, canary=canary.identity, stable=stable.identity)
            for _ in range(4):
                watching = watching.observe(engine.scrape())
            arms = (watching.canary_arm, watching.stable_arm)
            assert [arm.latency[0].bad for arm in arms] == [0, 0]
    assert watching.canary_arm.latency[0].n > 0
