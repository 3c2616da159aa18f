"""The pure part: contexts, verdicts that stand, what is held."""

from dataclasses import replace

import pytest

from mlci.flow.case import read_case
from mlci.flow.clock import today
from mlci.flow.standing import context, put_aside, stand, undecided, verdict_that_stands
from mlci.records.delivery import State

PRODUCTION = "releases/income/production.yaml"


@pytest.fixture
def case(world):
    return read_case(world.repository, PRODUCTION, base=None, at=None)


def test_a_context_is_policies_exam_and_champion_and_nothing_else(world, case):
    champion = world.record(State.ADOPTED)
    key = context(case.policies, case.exam, champion)
    assert key == context([*reversed(case.policies)], case.exam, replace(champion, seq=9))
    other = replace(case.policies[0], source=replace(case.policies[0].source, digest="other"))
    exam = replace(case.exam, source=replace(case.exam.source, digest="other"))
    keys = {
        key,
        context(case.policies, case.exam, None),
        context(case.policies, case.exam, replace(champion, model_digest="other")),
        context([*case.policies, other], case.exam, champion),
        context([other], case.exam, champion),
        context(case.policies, exam, champion),
    }
    assert len(keys) == 6


def test_the_first_decision_stands_and_then_the_first_that_is_not_put_aside(world, case, make):
    world.release(make.model("noise"))
    case = read_case(world.repository, PRODUCTION, base=None, at=None)
    where = (case.release.digest, case.key)
    for number in (1, 2, 3):
        assert world.gate("--record").code == 1
        truth = read_case(world.repository, PRODUCTION, base=None, at=None).truth
        stands = verdict_that_stands(truth.records, *where, world.history(), today())
        assert stands is not None
        assert stands.id.endswith(f"-{number:04}.json")
        assert undecided(truth.records, *where, world.history()) is None
        assert world.run("approve", PRODUCTION, "--reason", "again").code == 0
        assert verdict_that_stands(truth.records, *where, world.history(), today()) is None
    assert len(put_aside(world.history(), case.release.digest)) == 3
    assert put_aside(world.history(), "sha256:other") == frozenset()


def test_what_decides_nothing_is_undecided_until_it_is_put_aside(world, make):
    world.release(b"no model")
    assert world.gate("--record").code == 5
    case = read_case(world.repository, PRODUCTION, base=None, at=None)
    where = (case.truth.records, case.release.digest, case.key)
    last = undecided(*where, world.history())
    assert last is not None
    assert last.outcome == "ERROR"
    assert world.run("approve", PRODUCTION, "--reason", "mended").code == 0
    assert undecided(*where, world.history()) is None


def test_a_first_release_is_compared_with_nothing(case):
    standing = stand(case.release, case.rules.project, case.truth.records)
    assert (standing.champion, standing.way_back, standing.held) == (None, None, "")
    assert not standing.comparing(case.release)
