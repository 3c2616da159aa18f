"""What servers' states make of a delivery, and where its watch begins; no process is needed."""

from pathlib import Path

import pytest

from mlci.delivery.engine import Phase, Server, ServerState
from mlci.flow.arms import Arms
from mlci.flow.evidence import Evidence
from mlci.flow.progress import Progress
from mlci.flow.served import Served
from mlci.flow.stages import Stage
from mlci.flow.view import Now
from mlci.records.outcome import Health
from mlci.records.policy import Watch
from mlci.records.traffic import ArmCounts, Scrape, copies_for

WATCH = Watch(latency=(0.5,))
FIVE = Stage(says="at 5 %", weight=5)
READY, STARTING, FAILED = Phase.READY, Phase.STARTING, Phase.FAILED


def served(version):
    digest = "sha256:" + version * 64
    server = Server(
        model="income",
        version=version,
        manifest_digest=digest,
        model_digest=digest,
        model_file=Path("m"),
    )
    return Served(release=None, server=server, watch=WATCH)


CANARY, STABLE = served("c"), served("a")
BOTH = Arms(canary=CANARY, stable=STABLE)


def now(stable, route=None):
    states = {STABLE.server.identity: ServerState(phase=stable)} if stable else {}
    return Now(
        truth=None,
        scrape=None,
        seconds=1.0,
        states=states,
        in_force=route,
        acting=True,
        holding=False,
    )


@pytest.mark.parametrize(
    ("stable", "alone_before", "compared"),
    [
        (READY, False, True),
        (STARTING, False, True),  # it starts, or restarts: traffic waits for it
        (None, False, True),
        (FAILED, False, False),
        (FAILED, True, False),
        (STARTING, True, False),  # tried again after it was given up
        (READY, True, True),
    ],
)
def test_a_stable_server_that_does_not_run_holds_up_nothing(stable, alone_before, compared):
    route = BOTH.all_canary if alone_before else BOTH.at(FIVE)
    found = BOTH.as_they_run(now(stable, route)).as_compared(now(stable, route))
    assert (found.stable is not None) == compared
    assert set(found.servers) == {CANARY.server, STABLE.server}
    assert found.at(FIVE) == (BOTH.at(FIVE) if compared else BOTH.all_canary)
    first = Arms(canary=CANARY, stable=None)
    assert first.as_they_run(now(stable)).as_compared(now(stable)) == first


def counts(started, ended):
    codes = {200: ended}
    return ArmCounts(
        started=started,
        ended=ended,
        completed=ended,
        failed=0,
        active=started - ended,
        buckets=((0.5, ended),),
        codes=codes,
    )


def test_requests_that_hang_before_the_first_look_with_traffic_are_seen():
    """All clients come to wait for the canary between two looks; nobody asks stable any more."""
    evidence, progress = Evidence(), Progress(delivery="d")

    def look(time, stable, canary=None):
        arms = {STABLE.server.identity: counts(stable, stable)}
        if canary is not None:
            arms[CANARY.server.identity] = counts(canary, 0)
        scrape = Scrape(time=time, arms=arms)
        reached = canary is not None
        return evidence.observe(progress, CANARY, STABLE, WATCH, scrape, in_force=reached)

    for second in range(60):
        progress = look(float(second), 100 * second)
    for second in (60, 61, 62):
        progress = look(float(second), 5990, 10)
    assert evidence.assessment.health is Health.REGRESSED
    assert "more latency" in evidence.assessment.reason
    # What stable answered long before there was a canary is no part of the comparison.
    assert progress.watching["stableArm"]["sums"]["started"] == 90


def test_another_pair_is_another_watch():
    evidence, progress = Evidence(), Progress(delivery="d")
    arms = {each.server.identity: counts(9, 9) for each in (CANARY, STABLE)}
    for beside in (STABLE, None, None):
        scrape = Scrape(time=0.0, arms=arms)
        progress = evidence.observe(progress, CANARY, beside, WATCH, scrape, in_force=True)
        identity = beside.server.identity if beside else None
        assert progress.watching["stable"] == identity
    successor = Evidence()
    assert successor.observe(progress, CANARY, None, WATCH, None, in_force=True).watching["missed"]


def test_copies_are_another_watch_than_what_users_ask():
    evidence, progress = Evidence(), Progress(delivery="d")
    identity = CANARY.server.identity
    arms = {identity: counts(9, 9), copies_for(identity): counts(7, 7)}
    arms[STABLE.server.identity] = counts(9, 9)
    for copies in (True, False):
        scrape = Scrape(time=0.0, arms=arms)
        progress = evidence.observe(
            progress, CANARY, STABLE, WATCH, scrape, in_force=True, copies=copies
        )
        assert progress.watching["canary"] == (copies_for(identity) if copies else identity)
