"""`mlci revert --since`: what a pipeline delivered is taken back, and only that."""

import pytest

from mlci.records.delivery import State

PRODUCTION = "releases/income/production.yaml"
STAGING = "releases/income/staging.yaml"


@pytest.fixture
def before(world, make):
    """1.0.0 is HEALTHY; 2.0.0 in production and a first release in staging were merged after it."""
    world.record(State.ADMITTED, State.HEALTHY)
    commit = world.git("rev-parse", "HEAD")
    content = make.model("s", "2")
    world.propose(content)
    world.merge({STAGING: make.manifest("2.0.0", content=content, environment="staging")})
    return commit


def test_each_release_is_taken_back_and_what_can_not_be_stops_no_other(world, before):
    done = world.run("revert", "--since", before, "--push", "--quiet", "--format", "json")
    assert done.code == 3
    assert [(row["path"], row["kind"]) for row in done.fits("reversals")["reversals"]] == [
        (PRODUCTION, "pushed")
    ]
    done.says(f"error: {STAGING}: nothing HEALTHY ran before it")


def test_only_what_regressed(world, before):
    words = ["revert", "--since", before, "--regressed", "--push"]
    assert world.run(*words).says("nothing to take back").code == 0
    world.record(State.ADMITTED, State.REGRESSED)
    done = world.run(*words, "--format", "json")
    assert (done.code, done.json["reversals"][0]["kind"]) == (0, "pushed")
    again = world.run(*words, "--format", "json")
    assert (again.code, again.json["reversals"][0]["kind"]) == (0, "already")


def test_what_was_superseded(world, before, make):
    later = world.git("rev-parse", "HEAD")
    world.release(make.model("s", "3"), "3.0.0")
    world.git("checkout", "--quiet", "--detach", later)
    done = world.run("revert", "--since", before, "--push", "--format", "json")
    assert done.json["reversals"][0]["kind"] == "superseded"
    assert done.code == 4


@pytest.mark.parametrize(
    "words", [[], [PRODUCTION, "--since", "main"], [PRODUCTION, "--regressed"]]
)
def test_one_release_or_a_commit(world, words):
    done = world.run("revert", *words)
    assert done.code == 2
    done.says("name one RELEASE, or --since REV")
