"""Steps that move no user's traffic: testers, pauses, copies; and windows that hold them all."""

import http.client
from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.journey
MANIFEST = "releases/income/production.yaml"


def ask_as_tester(port, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/v2/models/income/infer", body, {"X-Tester": "yes"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.headers["Mlci-Release"]


def test_testers_then_a_persons_yes_then_copies_then_users(live, world, models, until, requests_of):
    clients = live(deadline="8s")
    steps = (
        "[{header: x-tester=yes}, {pause: approval}, {shadow: 50%, bake: 1s}, "
        "{weight: 50, bake: 500ms}, {pause: approval}]"
    )
    world.release("1.1", models("good", steepness=2.0), steps=steps)
    until(lambda: world.states()[-1] == "PAUSED 1.1")
    assert world.records()[-1].step == 2
    assert "step 2, {pause: approval}" in world.records()[-1].reason
    assert ask_as_tester(world.port, requests_of.USUAL) == "1.1"
    # A pause does not run into the deadline, and an agent that is killed in it goes on waiting.
    world.agents[-1].kill()
    world.agents[-1].wait()
    world.agent()
    clients.answers.clear()
    until(lambda: clients.total > 9 * 160)
    assert clients.seen() == {(200, "1.0")}
    assert world.states()[-1] == "PAUSED 1.1"
    assert world.mlci("approve", MANIFEST, "--reason", "testers are content").returncode == 0
    until(lambda: "gets copies" in world.log)
    # The yes was to that pause and no other.
    until(lambda: world.records()[-1].step == 5)
    assert clients.of("1.1") > 0
    seen = [(each.state, each.step) for each in world.records() if each.version == "1.1"]
    assert seen[-4:] == [("PAUSED", 2), ("APPROVED", 2), ("ADMITTED", 0), ("PAUSED", 5)]
    assert world.mlci("approve", MANIFEST, "--reason", "go on").returncode == 0
    until(lambda: world.states()[-1] == "HEALTHY 1.1")
    assert clients.bad() == {}


def test_harm_that_copies_show_reaches_no_user(live, world, models, until):
    clients = live()
    good = world.manifest()
    clients.odd = 0.3
    steps = "[{shadow: 50%, bake: 2m}, {weight: 50, bake: 1s}]"
    world.release("1.1", models("failing"), steps=steps)
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert world.records()[-2].reason.startswith("of the copies it got: more errors than stable")
    assert world.manifest() == good
    assert clients.seen() == {(200, "1.0")}


def window(hours):
    now = datetime.now(UTC)
    return [
        {
            "from": (now - timedelta(hours=1)).isoformat(timespec="seconds"),
            "until": (now + timedelta(hours=hours)).isoformat(timespec="seconds"),
            "reason": "the busiest days",
        }
    ]


def test_a_freeze_holds_start_and_steps_and_never_a_way_back(live, world, models, until):
    clients = live()
    good = world.manifest()
    world.declare(freeze=window(2))
    world.release(
        "1.1", models("failing"), steps="[{weight: 30, bake: 2s}, {weight: 60, bake: 1s}]"
    )
    until(lambda: world.states()[-1] == "HELD 1.1")
    assert world.records()[-1].reason.startswith("frozen until 20")
    assert world.records()[-1].reason.endswith("the busiest days")
    before = clients.total
    until(lambda: clients.total > before + 200)
    assert world.states()[1:] == ["GATING 1.1", "HELD 1.1"]
    world.declare()
    world.merge("The window is taken away")
    until(lambda: clients.of("1.1") > 0)
    world.declare(freeze=window(2))
    world.merge("And is back")
    until(lambda: "1.1 stays as it is: frozen until" in world.log)
    assert "1.1 at 60 %" not in world.log
    clients.odd = 0.5
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert good == world.manifest()
    assert clients.bad("1.0", "") == {}
