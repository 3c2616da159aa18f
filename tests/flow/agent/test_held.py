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
    number = len(world.records())
    world.release("1.1", models("good", steepness=2.0))
    unchanged(world, clients, number)
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


def unchanged(world, clients, records, seconds=1.5):
    """Traffic goes on, the records stay as many."""
    clients.answers.clear()
    time.sleep(seconds)
    assert len(world.records()) == records
    assert clients.of("1.0") > 50
    assert clients.of("1.0") == clients.total


def test_git_out_of_order_holds_everything_and_stops_nothing(live, world, models, until):
    clients = live()
    number = len(world.records())
    project = (world.work / "mlci.yaml").read_text()
    (world.work / "mlci.yaml").unlink()
    world.release("1.1", models("good", steepness=2.0))
    until(lambda: "the project file is gone" in world.log)
    unchanged(world, clients, number)

    moved = world.origin.rename(world.folder / "away.git")
    until(lambda: "answer from the remote" in world.log)
    unchanged_offline(clients)
    moved.rename(world.origin)

    (world.work / "mlci.yaml").write_text(project)
    world.merge("The project file is back")
    until(lambda: world.states()[-1] == "HEALTHY 1.1")

    records = world.git("rev-parse", "mlci/records", inside=world.origin)
    world.git("update-ref", "refs/heads/mlci/records", f"{records}~1", inside=world.origin)
    until(lambda: "every record that was seen before" in world.log)
    world.release("1.2", models("good", steepness=3.0))
    clients.answers.clear()
    time.sleep(1.5)
    assert world.git("rev-parse", "mlci/records", inside=world.origin) != records
    assert clients.of("1.1") == clients.total > 50
    world.git("update-ref", "refs/heads/mlci/records", records, inside=world.origin)
    until(lambda: world.states()[-1] == "HEALTHY 1.2")
    assert clients.bad() == {}


def unchanged_offline(clients):
    clients.answers.clear()
    time.sleep(1.5)
    assert clients.of("1.0") == clients.total > 50


def test_a_remote_that_refuses_the_reversal(live, world, models, until):
    clients = live()
    good = world.manifest()
    world.release("1.1", models("failing"))
    refuse = world.origin / "hooks" / "update"
    refuse.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ] || { echo protected >&2; exit 1; }\n')
    refuse.chmod(0o755)
    clients.odd = 0.3
    until(lambda: world.states()[-1] == "HELD 1.1")
    clients.odd = 0.0
    assert world.states()[-3:] == ["REGRESSED 1.1", "REVERTED 1.1", "HELD 1.1"]
    branch = world.records()[-2].reversal
    assert branch == f"mlci/revert/{world.records()[-2].delivery}"
    unchanged(world, clients, len(world.records()))
    refuse.unlink()
    world.git("fetch", "--quiet", "origin")
    world.git("merge", "--quiet", "--ff-only", f"origin/{branch}")
    world.push()
    assert world.manifest() == good
    until(lambda: world.states()[-1] == "SUPERSEDED 1.1")
    unchanged(world, clients, len(world.records()))


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
    unchanged(world, clients, len(world.records()))
    world.git("merge", "--quiet", "--ff-only", branch)
    until(lambda: world.states()[-1] == "SUPERSEDED 1.1")


def test_a_link_in_a_bundle_is_never_recorded(live, world, models, until):
    clients = live()
    (world.work / "deploy/production/income/link.yaml").symlink_to("/etc/passwd")
    world.release("1.1", models("good", steepness=2.0))
    until(lambda: "a link or a submodule" in world.log)
    unchanged(world, clients, 1, seconds=1.0)
