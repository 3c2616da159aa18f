"""An agent may die at any point: the next one finds what runs and comes to the same end."""

import os
import shutil
import signal

import pytest

pytestmark = pytest.mark.journey
MANIFEST = "releases/income/production.yaml"


class Assassin:
    """A git on the PATH that kills whoever called it, at the Nth push after it was told to."""

    def __init__(self, world):
        folder = world.folder / "assassin"
        folder.mkdir()
        self.order, self.count = folder / "order", folder / "count"
        wrapper = folder / "git"
        real = shutil.which("git")
        wrapper.write_text(
            "#!/bin/sh\n"
            f'case " $* " in *" push "*) if [ -s "{self.order}" ]; then\n'
            f'  read at when < "{self.order}"; echo >> "{self.count}"\n'
            f'  if [ "$(wc -l < "{self.count}")" -eq "$at" ]; then\n'
            f'    [ "$when" = before ] || "{real}" "$@" >/dev/null 2>&1\n'
            "    kill -9 $PPID; exit 1\n"
            "  fi\n"
            "fi;; esac\n"
            f'exec "{real}" "$@"\n'
        )
        wrapper.chmod(0o755)
        self.variables = {"PATH": f"{folder}:{os.environ['PATH']}"}

    def at(self, push, when):
        self.count.write_text("")
        self.order.write_text(f"{push} {when}\n")


def test_killed_between_traffic_back_record_and_push(live, world, models, until):
    assassin = Assassin(world)
    clients = live(variables=assassin.variables)
    good = world.manifest()
    world.release("1.1", models("failing"), steps="[{weight: 50, bake: 2m}]")
    until(lambda: clients.of("1.1") > 30)
    bad = world.tip()
    seen = []
    for push, when in ((1, "before"), (1, "after"), (1, "before"), (1, "after"), (1, "before")):
        assassin.at(push, when)
        clients.odd = 0.3
        assert world.until_ended(world.agents[-1]) == -signal.SIGKILL
        seen.append((world.states()[-1], world.tip() == bad))
        world.agent(variables=assassin.variables)
        if len(seen) == 1:
            gone = clients.of("1.1")
    assassin.order.write_text("")
    assert seen == [
        ("ADMITTED 1.1", True),
        ("REGRESSED 1.1", True),
        ("REGRESSED 1.1", True),
        ("REGRESSED 1.1", False),
        ("REGRESSED 1.1", False),
    ]
    world.agents[-1].kill()
    world.until_ended(world.agents[-1])
    world.agent()
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert world.states().count("REGRESSED 1.1") == 1
    assert world.git("rev-list", "--count", f"{bad}..main", inside=world.origin) == "1"
    assert world.manifest() == good
    assert clients.of("1.1") == gone
    assert clients.bad("1.0", "") == {}
    assert set(clients.bad()) == {(500, "1.1")}


def test_killed_in_the_middle_of_a_canary(live, world, models, until):
    """The policy goes from the tip meanwhile, too: the delivery keeps what it began with."""
    clients = live()
    world.release(
        "1.1", models("failing"), steps="[{weight: 30, bake: 5s}, {weight: 60, bake: 1s}]"
    )
    until(lambda: clients.of("1.1") > 30)
    until(lambda: "1.1 at 30 %" in world.log)
    servers = {each.pid for each in world.servers()}
    world.agents[-1].kill()
    world.until_ended(world.agents[-1])
    before = clients.of("1.1")
    until(lambda: clients.of("1.1") > before + 30)
    assert len(servers) == 2
    (world.work / "policies/production.yaml").unlink()
    world.merge("No policies")
    world.agent()
    until(lambda: "1.1 at 60 %" in world.log)
    assert {each.pid for each in world.servers()} == servers
    until(lambda: world.states()[-1] == "HEALTHY 1.1")
    assert world.states() == ["ADOPTED 1.0", "GATING 1.1", "ADMITTED 1.1", "HEALTHY 1.1"]
    assert clients.bad() == {}


def test_after_a_reboot_the_champion_serves_and_the_canary_goes_on(live, world, models, until):
    clients = live()
    world.release("1.1", models("good", steepness=2.0), steps="[{weight: 50, bake: 2s}]")
    until(lambda: clients.of("1.1") > 30)
    world.agents[-1].kill()
    world.until_ended(world.agents[-1])
    world.switch_off()
    world.agent()
    until(lambda: world.states()[-1] == "HEALTHY 1.1")
    assert {status for status, _ in clients.bad()} <= {0}


def superseding(live, world, models, until, *, recorded=True):
    """The agent has moved traffic back, ``recorded`` REGRESSED, and died before the reversal."""
    assassin = Assassin(world)
    clients = live(variables=assassin.variables)
    world.release("1.1", models("failing"), steps="[{weight: 50, bake: 2m}]")
    until(lambda: clients.of("1.1") > 30)
    assassin.at(1, "after" if recorded else "before")
    clients.odd = 0.3
    world.until_ended(world.agents[-1])
    assert world.states()[-1] == ("REGRESSED 1.1" if recorded else "ADMITTED 1.1")
    return clients


def test_a_newer_release_merged_meanwhile_supersedes(live, world, models, until):
    clients = superseding(live, world, models, until)
    old = (world.work / MANIFEST).read_text()
    world.release("1.2", models("good", steepness=2.0))
    newer, tip = world.manifest(), world.tip()
    (world.work / MANIFEST).write_text(old)
    said = world.mlci("revert", MANIFEST, "--push")
    assert (said.returncode, world.tip()) == (4, tip)
    assert "something else" in said.stdout
    world.agent()
    until(lambda: world.states()[-1] == "HEALTHY 1.2")
    assert world.states()[3:5] == ["REGRESSED 1.1", "SUPERSEDED 1.1"]
    assert world.states().count("REGRESSED 1.1") == 1
    assert (world.manifest(), world.tip()) == (newer, tip)
    assert clients.bad("1.0", "1.2", "") == {}


def test_an_edit_of_the_replicas_meanwhile_is_restored_all_the_same(live, world, models, until):
    clients = superseding(live, world, models, until, recorded=False)
    gone = clients.of("1.1")
    restored = world.git("show", f"HEAD~1:{MANIFEST}")
    world.release("1.1", models("failing"), replicas=3)
    said = world.mlci("revert", MANIFEST)
    assert said.returncode == 0, said.stderr
    assert world.mlci("revert", MANIFEST).returncode == 0
    world.agent()
    until(lambda: world.states()[-1] == "REVERTED 1.1")
    assert world.states()[2:] == ["ADMITTED 1.1", "REGRESSED 1.1", "REVERTED 1.1"]
    assert clients.of("1.1") == gone
    assert world.manifest() == restored
    again = world.mlci("revert", MANIFEST, "--push")
    assert again.returncode == 0, again.stderr
    assert world.manifest() == restored
