"""What Argo's analyses are answered, by path."""

import json
import time

import pytest

from mlci.flow.argo.answers import Both, Said, Table
from mlci.flow.argo.listening import STALE, listening
from mlci.flow.exposing import Exposing
from mlci.records.answer import Answer
from mlci.records.delivery import State


@pytest.fixture
def table(says):
    """What is answered of one release: two different things; its end can be put back."""
    return Table(
        at=time.monotonic(),
        answers={
            ("income", says.manifest): Both(
                admission=Said(answer=Answer.WATCHING, reason="admitted"),
                analysis=Said(answer=Answer.HEALTHY, reason="fine"),
            )
        },
    )


@pytest.fixture
def ask(table):
    return listening("production", lambda: table)


@pytest.mark.parametrize(
    ("what", "outcome", "reason"),
    [("admission", "WATCHING", "admitted"), ("analysis", "HEALTHY", "fine")],
)
def test_each_question_has_its_own_answer(says, ask, what, outcome, reason):
    assert ask(f"/{what}/production/income/{says.manifest}") == {
        "outcome": outcome,
        "reason": reason,
        "environment": "production",
        "model": "income",
        "digest": says.manifest,
    }


@pytest.mark.parametrize(
    "path",
    [
        "/analysis/staging/income/{}",
        "/analysis/production/income",
        "/analysis/production/income/{}/",
        "/analysis/production/income/{}\n",
        "/analysis/production/Income/{}",
        "/analysis/production/../{}",
        "/analysis/production/income/sha256:abc",
        "/answers/production/income/{}",
        "//analysis/production/income/{}",
        "/at/production/income/{}",
        "",
    ],
)
def test_what_is_no_question_of_this_environment_is_none(says, ask, path):
    assert ask(path.format(says.manifest)) is None


@pytest.mark.parametrize("what", ["admission", "analysis"])
def test_an_unknown_digest_is_held(ask, what):
    said = ask(f"/{what}/production/income/sha256:{'0' * 64}")
    assert said["outcome"] == "HELD"
    assert ask(f"/{what}/production/credit/sha256:{'0' * 64}")["outcome"] == "HELD"


@pytest.mark.parametrize("what", ["admission", "analysis"])
def test_an_agent_whose_rounds_hang_knows_nothing_any_more(says, table, what):
    old = Table(at=time.monotonic() - STALE - 5.0, answers=table.answers)
    said = listening("production", lambda: old)(f"/{what}/production/income/{says.manifest}")
    assert said["outcome"] == "UNKNOWN"
    assert "has not ended a round for 65 s" in said["reason"]
    nearly = Table(at=time.monotonic() - STALE / 2, answers=table.answers)
    answer = listening("production", lambda: nearly)
    assert answer(f"/{what}/production/income/{says.manifest}")["outcome"] != "UNKNOWN"


def test_a_delivery_that_is_over_is_answered_by_its_record(says):
    table = Table(at=time.monotonic(), histories={"income": [says.record(State.REGRESSED)]})
    said = listening("production", lambda: table)(f"/analysis/production/income/{says.manifest}")
    assert (said["outcome"], said["reason"]) == ("REGRESSED", "REGRESSED: for a reason")


def test_it_stands_beside_the_metrics(says, ask):
    exposing = Exposing(text="a 1\n", ask=ask)
    status, kind, body = exposing.answer(f"/analysis/production/income/{says.manifest}")
    assert (status, kind, json.loads(body)["outcome"]) == (200, "application/json", "HEALTHY")
    assert exposing.answer("/metrics")[2] == b"a 1\n"
    assert exposing.answer("/analysis/staging/income/x")[0] == 404
    assert Exposing().answer(f"/analysis/production/income/{says.manifest}")[0] == 404
