"""What stops the agent's acts, and never what serves."""

import time

import pytest

pytestmark = pytest.mark.journey
MANIFEST = "releases/income/production.yaml"


def test_hold_stops_every_act_and_removal_drains(live, world, models, until):
    clients = live(hold=False)
    world.declare(hold=True)
    world.merge("Hold")
    until(lambda: "hold: true" in world.log)
    world.release("1.1", models("good", steepness=2.0))
    unchanged(world, clients, until)
    world.declare(hold=False)
    world.merge("Go on")
    until(lambda: world.states()[-1] == "HEALTHY 1.1")
    assert clients.bad() == {}
    (world.work / MANIFEST).unlink()
    (world.work / "deploy/production/income/service.yaml").unlink()
    world.merge("Remove the release")
    until(lambda: not world.servers())
    assert set(clients.bad()) == {(404, "")}
    assert "removed from Git" in world.log


def test_a_held_canary_is_watched_whatever_is_merged(live, world, models, until):
    clients = live()
    world.release("1.1", models("failing"), steps="[{weight: 50, bake: 2m}]")
    until(lambda: clients.of("1.1") > 30)
    world.declare(hold=True)
    world.release("1.2", models("good", steepness=3.0))
    until(lambda: "hold: true" in world.log)
    clients.odd = 0.5
    until(lambda: "1.1 would be taken back" in world.log)
    assert world.states()[-1] == "ADMITTED 1.1"
    clients.odd = 0.0
    world.declare(hold=False)
    world.merge("Go on")
    until(lambda: world.states()[-1] == "HEALTHY 1.2")
    assert world.states()[3:5] == ["REGRESSED 1.1", "SUPERSEDED 1.1"]


def unchanged(world, clients, until):
    """Traffic goes on, and nothing is recorded."""
    number = len(world.records())
    undisturbed(clients, until)
    assert len(world.records()) == number


def undisturbed(clients, until, serving="1.0"):
    clients.answers.clear()
    time.sleep(1.5)
    until(lambda: clients.total > 50)
    assert clients.seen() == {(200, serving)}


def test_git_out_of_order_holds_everything_and_stops_nothing(live, world, models, until):
    clients = live()
    project = (world.work / "mlci.yaml").read_text()
    (world.work / "mlci.yaml").unlink()
    world.release("1.1", models("good", steepness=2.0))
    until(lambda: "the project file is gone" in world.log)
    unchanged(world, clients, until)

    moved = world.origin.rename(world.folder / "away.git")
    until(lambda: "answer from the remote" in world.log)
    undisturbed(clients, until)
    world.agents[-1].terminate()
    assert world.until_ended(world.agents[-1]) == 0
    world.agent()
    before = clients.total
    until(lambda: clients.total > before + 50)
    undisturbed(clients, until)
    moved.rename(world.origin)

    (world.work / "mlci.yaml").write_text(project)
    world.merge("The project file is back")
    until(lambda: world.states()[-1] == "HEALTHY 1.1")

    records = world.git("rev-parse", "mlci/records", inside=world.origin)
    world.git("update-ref", "refs/heads/mlci/records", f"{records}~1", inside=world.origin)
    until(lambda: "every record that was seen before" in world.log)
    world.release("1.2", models("good", steepness=3.0))
    undisturbed(clients, until, "1.1")
    assert world.git("rev-parse", "mlci/records", inside=world.origin) != records
    world.git("update-ref", "refs/heads/mlci/records", records, inside=world.origin)
    until(lambda: world.states()[-1] == "HEALTHY 1.2")
    assert clients.bad() == {}


def test_a_remote_that_refuses_the_reversal(live, world, models, until):
    clients = live()
    good = world.manifest()
    world.release("1.1", models("failing"))
    with world.refusing("refs/heads/main"):
        clients.odd = 0.3
        until(lambda: world.states()[-1] == "HELD 1.1")
        clients.odd = 0.0
        assert world.states()[-3:] == ["REGRESSED 1.1", "REVERTED 1.1", "HELD 1.1"]
        regressed, reverted, held = world.records()[-3:]
        branch = reverted.reversal
        assert branch == f"mlci/revert/{regressed.delivery}"
        assert held.delivery == regressed.delivery
        assert held.reason == f"the reversal waits: merge {branch}"
        unchanged(world, clients, until)
    world.git("fetch", "--quiet", "origin")
    world.git("merge", "--quiet", "--ff-only", f"origin/{branch}")
    world.push()
    assert world.manifest() == good
    until(lambda: world.states()[-1] == "SUPERSEDED 1.1")
    assert "1.1 SUPERSEDED: the tip asks for the champion again" in world.log
    unchanged(world, clients, until)


def test_no_remote_at_all(live, world, models, until):
    world.remote = False
    clients = live()
    world.release("1.1", models("failing"))
    tip = world.tip()
    clients.odd = 0.3
    until(lambda: world.states()[-1] == "HELD 1.1")
    clients.odd = 0.0
    branch = world.records()[-2].reversal
    assert branch.startswith("mlci/revert/")
    assert world.tip() == tip
    assert world.git("status", "--porcelain") == ""
    unchanged(world, clients, until)
    world.git("merge", "--quiet", "--ff-only", branch)
    until(lambda: world.states()[-1] == "SUPERSEDED 1.1")


def test_a_link_in_a_bundle_is_never_recorded(live, world, models, until):
    clients = live()
    (world.work / "deploy/production/income/link.yaml").symlink_to("/etc/passwd")
    world.release("1.1", models("good", steepness=2.0))
    until(lambda: "a link or a submodule" in world.log)
    unchanged(world, clients, until)
    assert len(world.records()) == 1
