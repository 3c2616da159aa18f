"""`mlci revert`, and the agent's way of putting Git right: one reversal, however often asked."""

import pytest

from mlci.flow.recording import append, next_state
from mlci.flow.take_back import put_right
from mlci.gitops import deliveries
from mlci.gitops.records_branch import RecordsBranch
from mlci.records.delivery import State

PRODUCTION = "releases/income/production.yaml"


@pytest.fixture
def delivered(world, make):
    """1.0.0 is HEALTHY, and 2.0.0 merged after it; the text of the first manifest."""
    world.record(State.ADMITTED, State.HEALTHY)
    first = (world.path / PRODUCTION).read_text()
    world.propose(make.model("s", "2"))
    world.merge({}, "Release 2.0.0")
    return first


def tip(world):
    world.git("fetch", "--quiet", "origin")
    return world.git("show", f"origin/main:{PRODUCTION}") + "\n"


def test_a_person_takes_the_release_back_once(world, delivered):
    done = world.run("revert", PRODUCTION, "--push", "--reason", "it is slow", "--format=json")
    assert (done.code, done.json["kind"]) == (0, "pushed")
    assert tip(world) == delivered
    commit = world.git("rev-parse", "origin/main")
    assert "Mlci-Reason: it is slow" in world.git("log", "-1", "--format=%B", "origin/main")
    again = world.run("revert", PRODUCTION, "--push", "--format=json")
    assert (again.code, again.json["kind"], again.json["commit"]) == (0, "already", commit)
    world.run("revert", PRODUCTION, "--push").says("2.0.0 -> 1.0.0: it was taken back before")
    assert world.git("rev-parse", "origin/main") == commit
    assert world.git("status", "--porcelain") == ""


def test_without_push_it_stays_here_and_a_second_time_is_the_same(world, delivered):
    before = world.git("rev-parse", "origin/main")
    done = world.run("revert", PRODUCTION, "--format=json")
    again = world.run("revert", PRODUCTION, "--format=json")
    assert (done.code, again.code) == (0, 0)
    assert done.json == again.json
    branch = done.json["ref"]
    assert world.git("show", f"{branch}:{PRODUCTION}") + "\n" == delivered
    assert world.git("ls-remote", "--heads", "origin", "main").split()[0] == before


def test_a_branch_of_that_name_that_holds_something_else_is_left_alone(world, delivered):
    branch = world.run("revert", PRODUCTION, "--format=json").json["ref"]
    world.git("branch", "--force", branch, "main")
    done = world.run("revert", PRODUCTION)
    assert done.code == 4
    done.says(branch, "a branch of that name is here already")


def test_the_tip_asks_for_something_else_by_now(world, delivered, make):
    old = (world.path / PRODUCTION).read_text()
    world.propose(make.model("s", "3"), "3.0.0")
    commit = world.merge({}, "Release 3.0.0")
    world.write({PRODUCTION: old})
    done = world.run("revert", PRODUCTION, "--push")
    assert done.code == 4
    done.says("the tip asks for something else")
    world.git("fetch", "--quiet", "origin")
    assert world.git("rev-parse", "origin/main") == commit


def test_an_edit_around_the_model_is_restored_with_it(world, delivered):
    old = (world.path / PRODUCTION).read_text()
    world.merge({PRODUCTION: old + "  serving: {replicas: 4}\n"}, "More replicas")
    world.write({PRODUCTION: old})
    assert world.run("revert", PRODUCTION, "--push").code == 0
    assert tip(world) == delivered


def test_nothing_healthy_ran_before(world):
    done = world.run("revert", PRODUCTION, "--push")
    assert done.code == 3
    done.says(PRODUCTION, "nothing HEALTHY ran before it")


def test_no_such_release(world):
    done = world.run("revert", "releases/income/staging.yaml")
    assert done.code == 2
    done.says("releases/income/staging.yaml")


def test_the_agents_reversal_may_be_repeated(world, delivered):
    regressed = world.record(State.ADMITTED, State.REGRESSED)
    target = deliveries.champion(world.history())
    repository = world.repository
    first = put_right(repository, regressed, target, base=None, by="one")
    commit = world.git("ls-remote", "origin", "main").split()[0]
    second = put_right(repository, regressed, target, base=None, by="two")
    assert (first.kind, second.kind) == ("pushed", "already")
    assert world.git("ls-remote", "origin", "main").split()[0] == commit
    assert tip(world) == delivered
    states = [each.state for each in world.history()]
    assert states.count(State.REVERTED) == 1
    assert world.history()[-1].reversal == commit
    # the same delivery, asked for by a person: the same incident
    done = world.run("revert", PRODUCTION, "--push", "--format=json")
    assert done.json["kind"] == "already"


def test_an_agent_on_another_branch_puts_that_branch_right(world, delivered, make):
    regressed = world.record(State.ADMITTED, State.REGRESSED)
    target = deliveries.champion(world.history())
    world.git("push", "--quiet", "origin", "HEAD:refs/heads/live")
    before = world.git("rev-parse", "origin/main")
    done = put_right(world.repository, regressed, target, base="origin/live", by="agent")
    assert done.ref == "origin/live"
    world.git("fetch", "--quiet", "origin")
    assert world.git("show", f"origin/live:{PRODUCTION}") + "\n" == delivered
    assert world.git("rev-parse", "origin/main") == before


@pytest.mark.parametrize("ended", [State.REGRESSED, State.REFUSED])
def test_a_person_meets_the_reversal_that_waits_and_makes_no_second_one(world, delivered, ended):
    hook = world.origin / "hooks/pre-receive"
    hook.write_text(
        "#!/bin/sh\nwhile read _ _ ref; do test $ref != refs/heads/main || exit 1; done\n"
    )
    hook.chmod(0o755)
    taken = world.record(ended, verdict="run-1")
    target = deliveries.champion(world.history())
    waits = put_right(world.repository, taken, target, base=None, by="agent")
    assert waits.kind == "branch"
    reverted = world.history()[-1]
    held = next_state(reverted, State.HELD, "the reversal waits", by="agent")
    append(RecordsBranch(world.repository), held, world.history())
    done = world.run("revert", PRODUCTION, "--push", "--format=json")
    assert (done.code, done.json["ref"], done.json["commit"]) == (0, waits.ref, waits.commit)
    branches = world.git("ls-remote", "--heads", "origin", "mlci/revert/*").splitlines()
    assert len(branches) == 1


def test_a_refused_manifest_that_is_merged_anew_can_be_taken_back_anew(world, delivered):
    refused, target = (
        world.record(State.REFUSED, verdict="run-1"),
        deliveries.champion(world.history()),
    )
    asked = (world.path / PRODUCTION).read_text()
    first = put_right(world.repository, refused, target, base=None, by="agent")
    world.git("pull", "--quiet", "origin", "main")
    world.merge({PRODUCTION: asked}, "Once more")
    world.record(State.HELD)
    done = world.run("revert", PRODUCTION, "--push", "--format=json")
    assert (done.code, done.json["kind"]) == (0, "pushed")
    assert done.json["commit"] != first.commit
