"""Previews, testers, copies and the switch, with real processes and every request counted."""

import asyncio
import itertools
import time
import urllib.error
import urllib.request
from collections import Counter

import pytest

from mlci.delivery.engine import Arm, Role, Route
from mlci.records.rollout import Header
from mlci.records.traffic import copies_for, of_testers

pytestmark = [pytest.mark.journey, pytest.mark.alone]
TESTERS = (Header(name="Mlci-Preview", value="income"), Header(name="x-tester", value="yes"))
REQUESTS = 100_000


def beside(stable, canary, weight=0, **how):
    arms = (
        Arm(identity=stable.identity, role=Role.STABLE, weight=100 - weight),
        Arm(identity=canary.identity, role=Role.CANARY, weight=weight),
    )
    return (Route(model="income", arms=arms, **how),)


def ask(port, path="/v2/models/income/infer", **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers["Mlci-Release"]
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Mlci-Release"]


def test_testers_reach_a_preview_and_nobody_else_does(stage):
    engine = stage.engine()
    engine.start()
    stable, canary = stage.server("1.0"), stage.server("1.1", answer="fail")
    stage.bring_up(engine, stable, canary)
    engine.route(beside(stable, canary, testers=TESTERS))
    assert engine.routes() == beside(stable, canary, testers=TESTERS)
    assert ask(stage.port, **{"mlci-preview": "income"}) == (500, "1.1")
    assert ask(stage.port, **{"X-Tester": "yes"}) == (500, "1.1")
    assert ask(stage.port, **{"X-Tester": "no"}) == (200, "1.0")
    seen = stage.drive(500)
    assert set(seen.answers) == {(200, "1.0")}
    arms = engine.scrape().arms
    # What testers ask is no evidence: it is counted apart.
    assert (arms[of_testers(canary.identity)].completed, arms[canary.identity].completed) == (2, 0)
    assert arms[stable.identity].completed == seen.total + 1


def test_a_first_release_is_previewed_before_anybody_is_served(stage):
    engine = stage.engine()
    engine.start()
    canary = stage.server("1.0")
    stage.bring_up(engine, canary)
    arm = Arm(identity=canary.identity, role=Role.CANARY, weight=0)
    engine.route((Route(model="income", arms=(arm,), testers=TESTERS),))
    assert ask(stage.port) == (503, None)
    assert ask(stage.port, "/v2/health/ready")[0] == 503
    assert ask(stage.port, **{"x-tester": "yes"}) == (200, "1.0")


def test_nobody_waits_for_copies_and_they_are_counted(stage):
    engine = stage.engine()
    engine.start()
    stable, canary = stage.server("1.0"), stage.server("1.1", answer="hang")
    stage.bring_up(engine, stable, canary)
    engine.route(beside(stable, canary, shadow=0.25))
    seen = stage.drive(2000)
    assert set(seen.answers) == {(200, "1.0")}
    arms = engine.scrape().arms
    copies = arms[copies_for(canary.identity)]
    assert 0.15 * seen.total < copies.started < 0.35 * seen.total
    assert copies.active == copies.started
    assert arms[canary.identity].started == 0
    # All of them end as 504, and none is lost when the server goes.
    engine.route(stage.split(stable))
    stage.wait(lambda: not engine.scrape().arms[copies_for(canary.identity)].active)
    assert engine.scrape().arms[copies_for(canary.identity)].failed == copies.started
    engine.drain_and_stop(canary.identity)
    assert set(stage.drive(100).answers) == {(200, "1.0")}


def test_a_switch_and_the_way_back_lose_no_request_and_leave_none_to_the_wrong_release(stage):
    engine = stage.engine()
    engine.start()
    old, new = stage.server("1.0"), stage.server("1.1")
    stage.bring_up(engine, old, new)
    engine.route(beside(old, new, testers=TESTERS))
    answers: list[tuple[float, float, int, str]] = []
    switches: list[tuple[float, float, str]] = []

    def switch(weight, to):
        begun = time.monotonic()
        engine.route(beside(old, new, weight))
        switches.append((begun, time.monotonic(), to))

    async def client():
        reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
        while len(answers) < REQUESTS:
            sent = time.monotonic()
            writer.write(b"GET /v2/models/income/infer HTTP/1.1\r\nHost: models\r\n\r\n")
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
            await reader.readexactly(int(headers["content-length"]))
            status = int(head.split(" ", 2)[1])
            answers.append((sent, time.monotonic(), status, headers["mlci-release"]))
        writer.close()

    async def everybody():
        clients = [asyncio.create_task(client()) for _ in range(16)]
        for share, weight, to in ((0.3, 100, "1.1"), (0.5, 0, "1.0"), (0.7, 100, "1.1")):
            while len(answers) < share * REQUESTS:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(switch, weight, to)
        await asyncio.gather(*clients)

    asyncio.run(everybody())
    assert len(answers) >= REQUESTS
    assert {status for _, _, status, _ in answers} == {200}
    wrong = Counter()
    spans = [(0.0, 0.0, "1.0"), *switches, (float("inf"), float("inf"), "")]
    for sent, received, _, who in answers:
        for (_, in_force, to), (following, _, _) in itertools.pairwise(spans):
            if sent > in_force and received < following and who != to:
                wrong[who] += 1
    assert not wrong
    assert {who for *_, who in answers} == {"1.0", "1.1"}
    counts = engine.scrape().arms
    assert counts[old.identity].completed + counts[new.identity].completed == len(answers)
