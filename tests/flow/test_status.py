"""`mlci status`: what serves, what is asked for, and the exit codes of waiting."""

import threading
import time

import pytest

from mlci.records.delivery import State

PRODUCTION, STAGING = "releases/income/production.yaml", "releases/income/staging.yaml"


def _line(world, environment="production"):
    document = world.run("status", "--format", "json").fits("status")
    (line,) = [each for each in document["releases"] if each["environment"] == environment]
    return line


def _wait(world, *arguments):
    return world.run("status", "--wait", "--timeout", "0", "--format", "json", *arguments)


def _next(world, make, version="2.0.0"):
    world.propose(make.model("s", version), version)
    world.merge({}, version)


def test_a_release_that_nobody_looked_at_yet(world):
    line = _line(world)
    assert (line["state"], line["serving"], line["reason"]) == ("NEW", None, "")
    world.run("status").says("production", "income", "nothing", "NEW")


def test_no_releases(world):
    world.merge({PRODUCTION: None})
    done = world.run("status", "--wait")
    assert (done.code, done.out) == (0, "no releases\n")


def test_what_serves_and_what_is_asked_for(world, make):
    world.record(State.ADMITTED, State.HEALTHY)
    _next(world, make)
    commit = world.history()[-1].commit
    line = _line(world)
    assert line["state"] == "NEW"
    assert (line["serving"]["version"], line["serving"]["commit"]) == ("1.0.0", commit)
    world.run("status").says("1.0.0", commit[:10])


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([State.ADMITTED, State.HEALTHY], 0),
        ([State.ADOPTED], 0),
        ([State.ADMITTED, State.REGRESSED], 1),
        ([State.ADMITTED, State.REGRESSED, State.REVERTED], 1),
        ([State.ADMITTED, State.REGRESSED, State.REVERTED, State.HELD], 1),
        ([State.ADMITTED, State.REGRESSED, State.SUPERSEDED], 1),
        ([State.REFUSED], 1),
        ([State.HELD], 3),
        ([State.ADMITTED, State.PAUSED], 3),
        ([State.ADMITTED, State.SUPERSEDED], 4),
        ([State.GATING], 3),
        ([State.ADMITTED], 3),
        ([], 3),
    ],
)
def test_waiting_ends_with_the_code_of_what_became_of_it(world, states, code):
    if states:
        world.record(*states)
    done = _wait(world)
    assert done.code == code
    assert done.fits("status")["releases"][0]["state"] == (str(states[-1]) if states else "NEW")


def test_waiting_goes_on_while_the_release_is_on_its_way(world):
    made = world.record(State.ADMITTED)

    def later():
        time.sleep(2)
        world.record(State.ADMITTED, State.HEALTHY)

    thread = threading.Thread(target=later)
    thread.start()
    done = world.run("status", "--wait", "--timeout", "60")
    thread.join()
    assert done.code == 0
    assert made.state is State.ADMITTED
    done.says("production/income: ADMITTED", "production/income: HEALTHY")


def test_a_yes_is_waited_for_until_something_follows_from_it(world, make):
    world.merge({PRODUCTION: world.propose(make.model("noise"))})
    assert world.gate("--record").code == 1
    world.record(State.HELD)
    assert _wait(world).code == 3
    assert world.run("approve", PRODUCTION, "--reason", "once more").code == 0
    line = _line(world)
    assert (line["state"], line["reason"]) == ("APPROVED", "once more")
    done = world.run("status", "--wait", "--timeout", "0")
    assert done.code == 3
    assert "HELD" not in done.out


def test_a_yes_to_what_serves_changes_nothing_in_sight(world):
    assert world.gate("--record").code == 0
    world.record(State.ADMITTED, State.HEALTHY)
    assert world.run("approve", PRODUCTION, "--reason", "look again").code in (0, 2)
    assert _line(world)["state"] == "HEALTHY"
    assert _wait(world).code == 0


def test_a_manifest_that_can_not_be_used_is_held_and_says_why(world, make):
    world.record(State.ADMITTED, State.HEALTHY)
    world.merge({PRODUCTION: make.manifest("2.0.0").replace("task:", "tusk:")})
    line = _line(world)
    assert line["state"] == "HELD"
    assert line["reason"].startswith(f"{PRODUCTION}:")
    assert line["serving"]["version"] == "1.0.0"
    assert _wait(world).code == 3


def test_a_release_that_was_removed(world):
    world.record(State.ADMITTED, State.HEALTHY)
    world.merge({PRODUCTION: None})
    assert _line(world)["state"] == "REMOVED"


def test_one_environment(world, make):
    world.merge({STAGING: make.manifest(content=make.model(), environment="staging")})
    done = world.run("status", "--environment", "staging", "--format=json")
    assert [each["environment"] for each in done.json["releases"]] == ["staging"]


def test_an_environment_that_nobody_declared(world):
    done = world.run("status", "--environment", "prod")
    assert done.code == 2
    done.says("mlci.yaml:5:", "no environment 'prod'", "expected one of staging, production")


def test_nothing_is_written(world):
    world.run("status")
    assert world.git("ls-remote", "origin", "mlci/records") == ""
    assert not (world.path / ".mlci").exists()


def test_a_manifest_that_its_own_regressed_bars_has_regressed_until_a_person_permits_it(world):
    world.record(State.ADMITTED, State.REGRESSED)
    world.record(State.HELD)
    assert _wait(world).code == 1
    assert world.run("approve", PRODUCTION, "--reason", "once more").code == 0
    assert _wait(world).code == 3
    world.record(State.ADMITTED, State.HEALTHY)
    assert _wait(world).code == 0


def test_a_first_release_under_way_is_not_nothing(world):
    world.record(State.ADMITTED)
    first = _line(world)["delivering"]
    assert (first["version"], first["state"], first["first"]) == ("1.0.0", "ADMITTED", True)
    world.record(State.ADMITTED, State.REGRESSED)
    world.record(State.HELD)
    assert _line(world)["delivering"]["state"] == "REGRESSED"
    world.run("status").says("1.0.0 REGRESSED with nothing HEALTHY to go back to")


def test_a_canary_under_way_is_shown_beside_what_serves(world, make):
    world.record(State.ADMITTED, State.HEALTHY)
    assert _line(world)["delivering"] is None
    _next(world, make)
    world.record(State.ADMITTED)
    line = _line(world)
    assert (line["serving"]["version"], line["delivering"]["version"]) == ("1.0.0", "2.0.0")
    assert line["delivering"]["first"] is False
