"""After promotion, and where there is nothing to go back to."""

import pytest

pytestmark = pytest.mark.journey
MANIFEST = "releases/income/production.yaml"


def test_a_promotion_that_can_not_be_recorded_is_watched(live, world, models, until):
    clients = live(keepWatching="1m")
    world.release("1.1", models("failing"), steps="[{weight: 50, bake: 3s}]")
    until(lambda: world.states()[-1] == "ADMITTED 1.1")
    with world.refusing("refs/heads/mlci/records"):
        until(lambda: "1.1 promoted" in world.log)
        clients.odd = 0.5
        until(lambda: "1.1 REGRESSED" in world.log)
        before = clients.of("1.0")
        until(lambda: clients.of("1.0") > before + 50)
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert "HEALTHY 1.1" not in world.states()
    assert clients.bad("1.0", "") == {}


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
    # A newer request that can't be met ends no watch.
    edited = (world.work / MANIFEST).read_text().replace("evaluation: exam", "evaluation: none")
    (world.work / MANIFEST).write_text(edited)
    world.merge("An exam that does not exist")
    until(lambda: world.states()[-1] == "HELD 1.1")
    clients.odd = 0.5
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert world.states()[-4:] == ["HEALTHY 1.1", "HELD 1.1", "REGRESSED 1.1", "REVERTED 1.1"]
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
    assert world.mlci("status", "--wait", "--timeout", "150").returncode in (1, 3)
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
    assert world.mlci("status", "--wait", "--timeout", "150").returncode == 1
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
    assert world.mlci("status", "--wait", "--timeout", "150").returncode == 3
    assert world.states() == ["GATING 1.0", "HELD 1.0"]
    assert "FAIL" in world.records()[-1].reason
    assert world.tip() == tip
    assert world.servers() == []


def test_where_nothing_is_seen_the_deadline_takes_nothing_back(world, models, until):
    """UNKNOWN never reverts, whatever the policy says of the deadline; a person may go on."""
    world.build(deadline="3s", onDeadline="abort")
    world.release("1.0", models("good"))
    world.agent()
    assert world.mlci("status", "--wait", "--timeout", "150").returncode == 3
    assert world.states() == ["GATING 1.0", "ADMITTED 1.0", "PAUSED 1.0"]
    assert "nothing can be seen" in world.records()[-1].reason
    assert len(world.servers()) == 1
    assert world.mlci("approve", MANIFEST, "--reason", "no clients at night").returncode == 0
    until(lambda: world.states()[-1] == "HEALTHY 1.0")
