"""What Argo Rollouts makes of the agent's answers, by its own rules (analysis/analysis.go)."""

import pytest

from mlci.records.answer import Answer
from mlci.render.analysis import polls

NEVER = 2**31 - 1


def _metric(make, purpose, made=None):
    return make.objects(made)["AnalysisTemplate", f"income-{purpose}"]["spec"]["metrics"][0]


def _phase(metric, answer):
    """Of one measurement, where both conditions are given."""
    good, bad = (
        eval(metric[key], {"result": str(answer)})
        for key in ("successCondition", "failureCondition")
    )
    return "Failed" if bad else "Successful" if good else "Inconclusive"


@pytest.mark.parametrize(
    ("purpose", "successful"),
    [
        ("admission", {"HEALTHY", "WATCHING"}),
        ("bake", {"HEALTHY", "WATCHING"}),
        ("verdict", {"HEALTHY", "WATCHING"}),
        ("promote", {"HEALTHY"}),
    ],
)
def test_only_regressed_fails_and_what_is_undecided_is_inconclusive(purpose, successful, make):
    metric = _metric(make, purpose)
    for answer in [*Answer, "<html>", "", "null"]:
        expected = (
            "Failed"
            if answer == "REGRESSED"
            else "Successful"
            if str(answer) in successful
            else "Inconclusive"
        )
        assert _phase(metric, answer) == expected
    assert metric["failureLimit"] == 0
    assert metric["inconclusiveLimit"] == NEVER


def test_an_admission_waits_without_an_end_even_for_an_agent_that_is_down(make):
    metric = _metric(make, "admission")
    assert metric["consecutiveErrorLimit"] == metric["count"] == NEVER
    assert metric["consecutiveSuccessLimit"] == 1


@pytest.mark.parametrize("purpose", ["bake", "verdict", "promote"])
def test_with_users_at_stake_silence_ends_it(purpose, make):
    assert _metric(make, purpose)["consecutiveErrorLimit"] == 11


def test_a_bake_is_answers_in_a_row_and_never_a_count_or_a_pause(make):
    metric = _metric(make, "bake")
    assert metric["count"] == NEVER
    assert metric["consecutiveSuccessLimit"] == "{{args.polls}}"
    assert (polls(120), polls(1), polls(10), polls(3600)) == ("13", "2", "2", "361")


def test_the_background_runs_without_an_end(make):
    assert "count" not in _metric(make, "verdict")


def test_what_is_asked(make):
    templates = make.objects(agent="http://agent.models.svc:9/")
    url = templates["AnalysisTemplate", "income-admission"]["spec"]["metrics"][0]["provider"]["web"]
    assert url["url"] == "http://agent.models.svc:9/admission/production/income/{{args.digest}}"
    bake = templates["AnalysisTemplate", "income-bake"]["spec"]["metrics"][0]["provider"]["web"]
    assert bake["url"] == "http://agent.models.svc:9/analysis/production/income/{{args.digest}}"
    assert bake["jsonPath"] == "{$.outcome}"


def test_blue_green_asks_before_and_after_the_switch(make):
    made = make.objects(make.release(rollout={"strategy": "blueGreen"}))
    said = made["Rollout", "income"]["spec"]["strategy"]["blueGreen"]
    digest = make.release(rollout={"strategy": "blueGreen"}).digest
    for key, purpose in (
        ("prePromotionAnalysis", "admission"),
        ("postPromotionAnalysis", "promote"),
    ):
        assert said[key]["templates"] == [{"templateName": f"income-{purpose}"}]
        assert said[key]["args"] == [{"name": "digest", "value": digest}]
    assert sorted(name for kind, name in made if kind == "AnalysisTemplate") == [
        "income-admission",
        "income-promote",
    ]
