"""`--format json`: one document on stdout, of a schema that mlci prints."""

import json

import pytest

from mlci import schemas
from mlci.records.delivery import State

PRODUCTION = "releases/income/production.yaml"


@pytest.mark.parametrize(
    ("words", "schema"),
    [
        (["gate", PRODUCTION], "verdict"),
        (["plan", PRODUCTION], "plan"),
        (["status"], "status"),
        (["validate"], "validation"),
        (["adopt", PRODUCTION, "--reason", "it ran"], "delivery"),
    ],
)
def test_what_a_verb_prints_fits_its_schema(world, words, schema):
    done = world.run(*words, "--format", "json")
    assert done.code == 0
    done.fits(schema)
    assert schema in schemas.names()


def test_errors_of_documents(world, make):
    world.write({PRODUCTION: make.manifest().replace("weight: 50", "weight: 5")})
    done = world.run("validate", "--format", "json")
    assert done.code == 2
    assert len(done.fits("validation")["errors"]) == 1


def test_a_reversal(world, make):
    world.record(State.ADOPTED)
    world.propose(make.model("s", "2"))
    world.merge({}, "release 2.0.0")
    world.record(State.ADMITTED)
    done = world.run(
        "revert", "./production.yaml", "--format=json", at=world.path / "releases/income"
    )
    assert done.code == 0
    assert done.fits("reversal")["kind"] == "branch"


@pytest.mark.parametrize("words", [["gate", PRODUCTION], ["plan", PRODUCTION], ["status"]])
def test_errors_are_text_on_stderr_and_stdout_stays_empty(world, words):
    world.origin.rename(world.origin.with_suffix(".away"))
    done = world.run(*words, "--format", "json")
    assert (done.code, done.out) == (5, "")
    assert done.err.startswith("error: remote origin: ")


def test_quiet_says_nothing_but_the_result(world):
    done = world.gate("--quiet", "--format", "json")
    assert done.err == ""
    assert json.loads(done.out)["outcome"] == "PASS"
