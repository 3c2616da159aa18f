"""Recorded runs on one exam are counted, capped and may share one error; an anchor is compared."""

import pytest

from mlci.records.delivery import State

ACCURACY = "{gate: accuracy, metric: accuracy, minimum: 0.5, champion: {margin: 0.2}}"
POLICY = "policies/all.yaml"


def capped(world, policy, most, *, correction="none"):
    use = f"  exam: {{maximumRuns: {most}, correction: {correction}}}\n"
    world.merge({POLICY: policy(ACCURACY) + use})


def test_runs_on_the_same_rows_are_counted_whichever_release_they_are_of(world, make):
    world.release(make.model("noise"))
    first = world.gate("--record", "--format", "json").fits("verdict")
    assert first["evaluation"]["runs"] == 0
    world.gate("--format", "json")  # advice is not counted
    world.release(make.model("noise", mark="another"))
    second = world.gate("--record", "--format", "json").fits("verdict")
    assert second["evaluation"]["runs"] == 1
    assert second["evaluation"]["dataDigest"] == first["evaluation"]["dataDigest"]


def test_an_exam_that_is_worn_out_is_refused_before_anything_is_measured(world, make):
    capped(world, make.policy, 1)
    world.release(make.model())
    assert world.gate("--record").code == 0
    world.release(make.model(mark="another"))
    done = world.gate("--record")
    assert done.code == 3
    done.says("1 recorded runs on the exam", "policies/all.yaml:", "other rows")
    assert not world.verdict.exists()


@pytest.mark.parametrize(("correction", "confidence"), [("none", 0.95), ("bonferroni", 0.995)])
def test_runs_may_share_one_error(world, make, correction, confidence):
    capped(world, make.policy, 10, correction=correction)
    world.release(make.model())
    verdict = world.gate("--format", "json").fits("verdict")
    (judged,) = verdict["judgements"]
    assert judged["confidence"] == pytest.approx(confidence)
    assert verdict["evaluation"]["maximumRuns"] == 10


def test_an_anchor_is_the_recorded_release_of_that_version(world, make):
    gate = (
        "{gate: accuracy, metric: accuracy, minimum: 0.5, champion: {margin: 0.2, "
        "anchor: {version: %s, margin: 0.1}}}"
    )
    world.merge({POLICY: make.policy(gate % "1.0.0")})
    world.record(State.HEALTHY)
    world.release(make.model(mark="newer"))
    found = {
        each["limit"]["kind"]: each["outcome"]
        for each in world.gate("--format", "json").fits("verdict")["judgements"]
    }
    assert found == {"minimum": "PASS", "margin": "PASS", "anchor": "PASS"}
    world.merge({POLICY: make.policy(gate % "0.1.0")})
    done = world.gate()
    assert done.code == 5
    done.says("version 0.1.0 was never HEALTHY here")
