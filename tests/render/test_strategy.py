import pytest


def _strategy(make, rollout, **said):
    return make.objects(make.release(rollout=rollout), **said)["Rollout", "income"]["spec"][
        "strategy"
    ]


def _words(steps):
    """Each step by its one key, an analysis by its template."""
    return [
        step["analysis"]["templates"][0]["templateName"].removeprefix("income-")
        if "analysis" in step
        else next(iter(step))
        for step in steps
    ]


def test_a_canary_begins_with_its_admission_and_ends_with_healthy(make):
    steps = _strategy(make, {"steps": [{"weight": 5, "bake": "2m"}, {"weight": 50, "bake": "1h"}]})
    canary = steps["canary"]
    assert _words(canary["steps"]) == [
        "setWeight",
        "admission",
        "setWeight",
        "bake",
        "setWeight",
        "bake",
        "promote",
    ]
    assert [step["setWeight"] for step in canary["steps"] if "setWeight" in step] == [0, 5, 50]
    assert canary["analysis"]["startingStep"] == 2
    assert "trafficRouting" not in canary
    assert "scaleDownDelaySeconds" not in canary


def test_every_analysis_knows_the_manifest(make):
    made = make.release()
    canary = make.objects(made)["Rollout", "income"]["spec"]["strategy"]["canary"]
    asked = [canary["analysis"], *(s["analysis"] for s in canary["steps"] if "analysis" in s)]
    assert {each["args"][0]["value"] for each in asked} == {made.digest}


def test_an_approval_is_a_pause_without_a_duration(make):
    steps = _strategy(make, {"steps": [{"pause": "approval"}, {"weight": 5, "bake": "2m"}]})
    assert {"pause": {}} in steps["canary"]["steps"]


def test_testers_reach_a_pod_before_any_weight_and_scale_follows_weight_again(make):
    rollout = {"steps": [{"header": "x-a=b=c"}, {"weight": 5, "bake": "2m"}]}
    canary = _strategy(make, rollout, routing=make.gateway)["canary"]
    assert canary["steps"][2:6] == [
        {"setCanaryScale": {"replicas": 1}},
        {
            "setHeaderRoute": {
                "name": "income-testers-0",
                "match": [{"headerName": "x-a", "headerValue": {"exact": "b=c"}}],
            }
        },
        {"setCanaryScale": {"matchTrafficWeight": True}},
        {"setWeight": 5},
    ]
    routing = canary["trafficRouting"]
    assert routing["managedRoutes"] == [{"name": "income-testers-0"}]
    plugin = routing["plugins"]["argoproj-labs/gatewayAPI"]
    assert plugin["httpRoutes"] == [{"name": "income", "useHeaderRoutes": True}]


@pytest.mark.parametrize("approval", [True, False])
def test_blue_green(approval, make):
    said = _strategy(make, {"strategy": "blueGreen", "approval": approval, "scaleDownDelay": "5m"})
    blue_green = said["blueGreen"]
    assert blue_green["autoPromotionEnabled"] is not approval
    assert blue_green["scaleDownDelaySeconds"] == 300
    assert (blue_green["activeService"], blue_green["previewService"]) == (
        "income",
        "income-preview",
    )


def test_no_progress_is_an_abort_and_the_way_back_is_kept(make):
    spec = make.objects(make.release(rollout={"progressDeadline": "20m"}))["Rollout", "income"][
        "spec"
    ]
    assert spec["progressDeadlineAbort"] is True
    assert spec["progressDeadlineSeconds"] == 1200
    assert spec["rollbackWindow"] == {"revisions": spec["revisionHistoryLimit"]}
