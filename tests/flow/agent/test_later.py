"""After promotion, and where there is nothing to go back to."""

import pytest

pytestmark = pytest.mark.journey


def test_a_regression_after_promotion_goes_back_to_the_warm_release(live, world, models, until):
    clients = live(keepWatching="1m")
    good = world.manifest()
    (warm,) = world.servers()
    world.release("1.1", models("failing"))
    until(lambda: world.states()[-1] == "HEALTHY 1.1")
    before = clients.of("1.0")
    until(lambda: clients.of("1.1") > 100)
    assert clients.bad() == {}
    assert len(world.servers()) == 2
    clients.odd = 0.5
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert world.states()[-3:] == ["HEALTHY 1.1", "REGRESSED 1.1", "REVERTED 1.1"]
    assert "above the budget" in world.records()[-2].reason
    assert world.manifest() == good
    until(lambda: clients.of("1.0") > before + 100)
    assert clients.bad("1.0", "") == {}
    until(lambda: [each.pid for each in world.servers()] == [warm.pid])
    shown = world.mlci("status")
    assert "1.0" in shown.stdout


@pytest.mark.parametrize("word", ["keep", "stop"])
def test_a_first_release_that_regresses(world, models, traffic, until, word):
    world.build(firstReleaseRegressed=word, minimumRequests=100_000)
    world.release("1.0", models("failing"))
    world.agent()
    clients = traffic()
    until(lambda: clients.of("1.0") > 30)
    clients.odd = 0.5
    assert world.mlci("status", "--wait", "--timeout", "60").returncode in (1, 3)
    until(lambda: world.states()[-1] == "HELD 1.0")
    assert world.states() == ["GATING 1.0", "ADMITTED 1.0", "REGRESSED 1.0", "HELD 1.0"]
    clients.odd = 0.0
    clients.answers.clear()
    until(lambda: clients.total > 100)
    if word == "keep":
        assert clients.of("1.0") > 0
        assert len(world.servers()) == 1
        world.pull()
        world.release("1.1", models("good"))
        until(lambda: clients.of("1.1") > 50)
        assert set(clients.bad()) <= {(500, "1.0")}
    else:
        assert clients.of("1.0") <= 4
        until(lambda: not world.servers())
    assert world.states()[:4].count("HELD 1.0") == 1


def test_a_merged_release_that_fails_the_gate_is_taken_back_once(live, world, models, until):
    clients = live()
    good = world.manifest()
    world.release("1.1", models("wrong"))
    refused = world.manifest()
    assert world.mlci("status", "--wait", "--timeout", "60").returncode == 1
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert world.states()[1:] == ["GATING 1.1", "REFUSED 1.1", "REVERTED 1.1"]
    assert world.manifest() == good
    assert world.records()[-2].verdict
    world.pull()
    world.git("revert", "--no-edit", "HEAD")
    world.push()
    assert world.manifest() == refused
    until(lambda: world.states()[-1] == "HELD 1.1")
    number = len(world.records())
    before = clients.total
    until(lambda: clients.total > before + 200)
    assert len(world.records()) == number
    assert world.manifest() == refused
    assert clients.of("1.1") == 0
    assert clients.bad() == {}


def test_a_first_release_that_fails_the_gate_is_held(world, models):
    world.build()
    world.release("1.0", models("wrong"))
    tip = world.tip()
    world.agent()
    assert world.mlci("status", "--wait", "--timeout", "60").returncode == 3
    assert world.states() == ["GATING 1.0", "HELD 1.0"]
    assert "FAIL" in world.records()[-1].reason
    assert world.tip() == tip
    assert world.servers() == []


def test_where_nothing_is_seen_the_deadline_takes_nothing_back(world, models):
    """UNKNOWN never reverts, whatever the policy says of the deadline."""
    world.build(deadline="3s", onDeadline="abort")
    world.release("1.0", models("good"))
    world.agent()
    assert world.mlci("status", "--wait", "--timeout", "60").returncode == 3
    assert world.states() == ["GATING 1.0", "ADMITTED 1.0", "PAUSED 1.0"]
    assert "nothing can be seen" in world.records()[-1].reason
    assert len(world.servers()) == 1
