"""What Git holds of each model, read once for all of them."""

from dataclasses import replace

import pytest

from mlci.errors import Broken
from mlci.flow.holdings import Holdings
from mlci.flow.truth import read_truth
from mlci.gitops.repository import Repository
from mlci.records.delivery import State

OTHER = "releases/other/production.yaml"


@pytest.fixture
def holdings(world):
    return Holdings(repository=world.repository, environment="production")


def test_models_have_a_manifest_or_a_record(world, holdings, make):
    world.record(State.ADMITTED, State.HEALTHY)
    world.merge({OTHER: "anything", "releases/other/staging.yaml": "x", "releases/README": "y"})
    assert holdings.models(read_truth(world.repository, None)) == ("income", "other")
    world.merge({"releases/income/production.yaml": None})
    assert holdings.models(read_truth(world.repository, None)) == ("income", "other")


def test_what_a_commit_does_not_touch_stays_equal_and_what_it_touches_does_not(world, holdings):
    world.record(State.ADMITTED, State.HEALTHY)
    world.merge({OTHER: "anything"})
    before = read_truth(world.repository, None)
    income, other = (holdings.own(before, model) for model in ("income", "other"))
    world.merge({OTHER: "something else"})
    after = read_truth(world.repository, None)
    assert holdings.own(after, "income") == income
    assert holdings.own(after, "other") != other
    world.record(State.REGRESSED)
    recorded = holdings.own(read_truth(world.repository, None), "income")
    assert recorded.records[: len(income.records)] == income.records
    assert len(recorded.records) == len(income.records) + 1
    policy = world.repository.read(after.protected.commit, "policies/all.yaml")
    world.merge({"policies/all.yaml": policy.decode() + "# stricter\n"})
    ruled = holdings.own(read_truth(world.repository, None), "income")
    assert ruled == replace(recorded, rules=ruled.rules) != recorded


def test_its_history_is_that_of_the_records(world, holdings):
    world.record(State.ADMITTED, State.HEALTHY)
    truth = read_truth(world.repository, None)
    history = holdings.history(holdings.own(truth, "income"), "income")
    assert history == truth.records.deliveries("production", "income")
    assert holdings.history(holdings.own(truth, "stranger"), "stranger") == ()


def test_a_missing_object_is_a_matter_of_its_model_alone(world, holdings):
    world.record(State.ADMITTED, State.HEALTHY)
    world.merge({OTHER: "anything"})
    truth = read_truth(world.repository, None)
    alone = Repository.open(world.repository.root)
    [lost] = holdings.own(truth, "other").files
    (alone.git_dir / "objects" / lost.oid[:2] / lost.oid[2:]).unlink()
    fresh = Holdings(repository=alone, environment="production")
    own = fresh.own(truth, "income")
    assert fresh.history(own, "income") == truth.records.deliveries("production", "income")
    with pytest.raises(Broken, match="is missing"):
        fresh.content(lost)
