"""`mlci adopt` and `mlci approve`: what a person takes responsibility for."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from mlci.errors import MlciError
from mlci.flow import person
from mlci.records.delivery import State

PRODUCTION = "releases/income/production.yaml"
REASON = ("--reason", "in service since May")


def test_adoption_makes_a_champion(world, make):
    done = world.run("adopt", PRODUCTION, *REASON, "--format=json")
    assert done.code == 0
    record = done.fits("delivery")
    assert (record["state"], record["reason"]) == ("ADOPTED", "in service since May")
    assert [each["path"] for each in record["paths"]] == [PRODUCTION]
    assert [each["path"] for each in record["artifacts"]] == ["models/income-1.0.0.onnx"]
    world.propose(make.model("s", "2"))
    assert world.gate("--format=json").json["champion"]["version"] == "1.0.0"


def test_the_tips_release_is_adopted_whatever_the_work_tree_holds(world, make):
    world.propose(make.model("noise"))
    done = world.run("adopt", PRODUCTION, *REASON)
    assert done.code == 0
    done.says("ADOPTED income/production@1.0.0 by Test <test@localhost>", "(record 1)")


def test_a_champion_is_not_replaced_by_a_word(world):
    world.record(State.ADMITTED, State.HEALTHY)
    history = world.history()
    done = world.run("adopt", PRODUCTION, *REASON)
    assert done.code == 4
    done.says("income/production: 1.0.0 is HEALTHY", "expected no champion yet", "the gate judges")
    assert world.history() == history


def test_nothing_is_adopted_that_could_not_be_compared_with(world, make):
    world.merge({PRODUCTION: make.manifest("1.5.0", content=b"nowhere")})
    done = world.run("adopt", PRODUCTION, *REASON)
    assert done.code == 5
    done.says("no file models/income-1.5.0.onnx")
    assert world.history() == ()


def test_what_the_tip_does_not_ask_for_can_not_be_adopted(world):
    done = world.run("adopt", "releases/income/staging.yaml", *REASON)
    assert done.code == 2
    done.says("releases/income/staging.yaml: no such file")


@pytest.mark.parametrize("verb", ["adopt", "approve"])
def test_a_reason_is_asked_for(world, verb):
    done = world.run(verb, PRODUCTION)
    assert done.code == 2
    done.says("Missing option '--reason'")


def _regressed(world, make):
    world.record(State.ADOPTED)
    world.propose(make.model("s", "2"))
    world.merge({}, "release 2.0.0")
    return world.record(State.ADMITTED, State.REGRESSED)


def test_an_approval_opens_the_way_for_one_delivery(world, make):
    regressed = _regressed(world, make)
    done = world.run("approve", PRODUCTION, *REASON, "--format=json")
    assert done.code == 0
    record = done.fits("delivery")
    assert (record["delivery"], record["verdict"]) == (regressed.delivery, "")
    assert (record["paths"], record["artifacts"]) == ([], [])
    assert world.gate().code == 0
    world.record(State.ADMITTED, State.REGRESSED)
    assert world.gate().code == 3


def test_an_approval_of_a_regressed_model_keeps_the_verdict_that_stands(world, make):
    world.record(State.ADOPTED)
    text = world.propose(make.model("s", "2"))
    world.merge({}, "release 2.0.0")
    assert world.gate("--record").code == 0
    world.record(State.ADMITTED, State.REGRESSED)
    assert world.run("approve", PRODUCTION, *REASON).code == 0
    world.gate("--record").says("-0001.json stands")
    assert len(world.verdicts(text)) == 1


def test_an_approval_of_a_first_release_that_failed(world, make):
    """There is no delivery yet that it could be about: it names the one that would begin."""
    world.merge({PRODUCTION: world.propose(make.model("noise"))})
    assert world.gate("--record").code == 1
    assert world.run("approve", PRODUCTION, *REASON).code == 0
    (approval,) = world.history()
    assert (approval.state, approval.previous) == (State.APPROVED, "")
    assert world.gate("--record").says("recorded as run 2").code == 1


def test_an_approval_is_about_the_release_where_you_stand(world, make):
    """After the reversal the tip asks for another: the branch that offers it again counts."""
    _regressed(world, make)
    world.git("checkout", "--quiet", "-b", "again")
    world.git("push", "--quiet", "--force", "origin", "HEAD~1:main")
    done = world.run("approve", PRODUCTION, *REASON, "--format=json")
    assert done.json["version"] == "2.0.0"
    assert world.gate().code == 0


@pytest.mark.parametrize("act", [person.adopt, person.approve])
def test_two_people_at_once_say_one_word(world, make, act):
    """Whoever comes second is told so: nobody takes credit for what another person wrote."""
    if act is person.approve:
        world.release(make.model("noise"))
        assert world.gate("--record").code == 1

    def say(reason):
        try:
            return act(world.repository, PRODUCTION, base=None, reason=reason).reason
        except MlciError as error:
            return type(error).__name__

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(say, ["one", "two"]))
    (record,) = world.history()
    assert said[1] == record.reason
    assert said[0] in ("BadInput", "Conflict")


def test_an_approval_of_a_pause_is_for_that_delivery_and_that_step(world, make):
    """The model regressed before, and was approved once: a yes to the pause is not another one."""
    _regressed(world, make)
    assert world.run("approve", PRODUCTION, *REASON).code == 0
    paused = world.record(State.ADMITTED, State.PAUSED, step=2)
    done = world.run("approve", PRODUCTION, *REASON, "--format=json")
    assert done.code == 0
    record = done.fits("delivery")
    assert (record["delivery"], record["step"], record["verdict"]) == (paused.delivery, 2, "")
    # The model stays blocked for every other delivery.
    assert world.gate().code == 3
