"""The mode without an agent."""

import math

import pytest

HOW = {"judge": "prometheus", "prometheus": {"address": "http://prometheus.monitoring:9090"}}
BLUE_GREEN = {"strategy": "blueGreen"}


def _metric(make, purpose, rollout=None, **said):
    made = make.release(**({"rollout": rollout} if rollout else {}))
    found = make.objects(made, **{**HOW, **said})
    return found["AnalysisTemplate", f"income-{purpose}"]["spec"]["metrics"][0]


def test_nobody_is_asked_for_an_admission(make):
    found = make.objects(**HOW)
    spec = found["Rollout", "income"]["spec"]
    assert [each["name"] for each in spec["template"]["spec"]["initContainers"]] == ["bring"]
    steps = spec["strategy"]["canary"]["steps"]
    assert [next(iter(step)) for step in steps] == ["setWeight", "analysis"] * 2
    assert "agent" not in str(found)


def test_the_candidate_is_held_against_stable(make):
    query = _metric(make, "bake")["provider"]["prometheus"]["query"]
    canary, stable = query.split(" - 1.5 * ")
    pods = (
        'mlci_serve_requests_total{namespace="models",rollouts_pod_template_hash="{{args.canary}}"'
    )
    assert canary == (
        f'((sum(rate({pods},code=~"5.*"}}[2m])) or vector(0))) / (sum(rate({pods}}}[2m])) > 0)'
    )
    assert stable == f"({canary.replace('args.canary', 'args.stable')} or vector(0))"


def test_after_a_switch_there_is_one_arm(make):
    query = _metric(make, "bake", BLUE_GREEN)["provider"]["prometheus"]["query"]
    assert "args.stable" not in query
    said = make.objects(make.release(rollout=BLUE_GREEN), **HOW)["Rollout", "income"]
    blue_green = said["spec"]["strategy"]["blueGreen"]
    assert "prePromotionAnalysis" not in blue_green
    assert blue_green["postPromotionAnalysis"]["args"][-1] == {"name": "polls", "value": "61"}


def test_counters_whose_name_says_the_outcome(make):
    prometheus = {**HOW["prometheus"], "source": "triton"}
    query = _metric(make, "bake", prometheus=prometheus)["provider"]["prometheus"]["query"]
    failed, every = query.split(" - 1.5 * ")[0].split(" / ")
    assert "request_failure" in failed
    assert "request_success" not in failed
    assert "request_success" in every


@pytest.mark.parametrize(
    ("result", "phase"),
    [
        ([], "Inconclusive"),
        ([math.nan], "Inconclusive"),
        ([0.0], "Successful"),
        ([0.005], "Successful"),
        ([0.0051], "Failed"),
        ([math.inf], "Failed"),
    ],
)
def test_no_data_and_nan_decide_nothing(result, phase, make):
    metric = _metric(make, "verdict")

    def holds(key):
        text = metric[key].replace("&&", "and").replace("!isNaN", "not isNaN")
        return eval(text, {"result": result, "isNaN": math.isnan, "len": len})

    failed, good = holds("failureCondition"), holds("successCondition")
    assert ("Failed" if failed else "Successful" if good else "Inconclusive") == phase


@pytest.mark.parametrize("rollout", [None, BLUE_GREEN])
def test_it_is_as_its_definitions_say_and_its_limits_are_written_beside_it(rollout, make, conforms):
    from mlci.render.bundle import bundle

    made = make.release(**({"rollout": rollout} if rollout else {}))
    for each in make.objects(made, **HOW).values():
        conforms(each)
    (text,) = bundle(made, make.argo(**HOW)).values()
    assert b"# Judged by Argo's own prometheus provider" in text
    assert b"# - a first deploy is looked at" in text
