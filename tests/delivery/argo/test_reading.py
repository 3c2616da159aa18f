import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.delivery.argo.reading import read_analysis, read_rollout
from mlci.errors import Broken
from mlci.records.live import AnalysisKind, PauseReason

DIGEST = "sha256:" + "a" * 64


def test_a_promoted_release(recorded):
    live = read_rollout(recorded("promoted"))
    assert live.name == "income"
    assert live.settled
    assert live.promoted
    assert not live.first
    assert live.stable_hash == live.current_hash != ""
    assert live.digests == (DIGEST,)
    assert live.template["metadata"]["annotations"] == {"mlci.dev/release": "1.0.0"}
    assert (live.available, live.desired) == (2, 2)
    assert list(live.strategy) == ["canary"]
    assert live.weights is None


def test_a_pause_is_known_by_its_condition(recorded):
    live = read_rollout(recorded("paused-at-a-step"))
    assert live.paused_for == (PauseReason.STEP,)
    assert live.controller_paused
    assert "pause" in live.steps[live.step]
    assert not live.promoted
    assert live.current_hash != live.stable_hash


def test_an_abort_has_its_time_and_no_step(recorded):
    live = read_rollout(recorded("aborted-by-analysis"))
    assert live.aborted
    assert live.aborted_at
    assert live.step == 0
    assert live.phase == "Degraded"
    assert live.message.startswith("RolloutAborted")
    assert not live.promoted


def test_an_invalid_spec_says_why_and_is_not_aborted(recorded):
    live = read_rollout(recorded("invalid-spec"))
    assert "minReadySeconds" in live.invalid
    assert not live.aborted
    assert not live.promoted


def test_a_deadline_that_passed_is_no_abort(recorded):
    live = read_rollout(recorded("progress-deadline"))
    assert live.late
    assert not live.aborted
    assert live.available == 0


def test_a_first_deploy_is_called_stable_before_it_is_ready(recorded):
    live = read_rollout(recorded("progress-deadline"))
    assert live.current_hash == live.stable_hash
    assert live.first
    assert not live.promoted


def test_blue_green_names_what_is_active_and_what_is_shown(recorded):
    live = read_rollout(recorded("blue-green-paused"))
    assert live.blue_green
    assert live.paused_for == (PauseReason.BLUE_GREEN,)
    assert live.active_hash == live.stable_hash
    assert live.preview_hash == live.current_hash != live.active_hash
    assert live.digests == (DIGEST,)


def test_a_spec_that_the_controller_has_not_seen_is_not_settled(recorded):
    document = recorded("promoted")
    document["metadata"]["generation"] += 1
    live = read_rollout(document)
    assert not live.settled
    assert not live.promoted


def test_before_the_controller_says_anything(recorded):
    document = recorded("promoted")
    del document["status"], document["metadata"]["annotations"]
    live = read_rollout(document)
    assert (live.settled, live.phase, live.current_hash, live.step) == (False, "", "", None)
    assert live.first


def test_weights_are_those_of_a_route(recorded):
    document = recorded("paused-at-a-step")
    document["status"]["canary"]["weights"] = {
        "canary": {"weight": 5, "podTemplateHash": "b"},
        "stable": {"weight": 95, "podTemplateHash": "a"},
    }
    assert read_rollout(document).weights == (5, 95)


def test_two_manifests_in_one_rollout_are_both_named(recorded):
    document = recorded("paused-at-a-step")
    other = document["spec"]["strategy"]["canary"]["analysis"]["args"]
    other[0]["value"] = "sha256:" + "b" * 64
    assert read_rollout(document).digests == ("sha256:" + "b" * 64, DIGEST)


@pytest.mark.parametrize(
    ("name", "kind", "step", "phase"),
    [
        ("run-step", AnalysisKind.STEP, 1, "Successful"),
        ("run-failed", AnalysisKind.BACKGROUND, None, "Failed"),
        ("run-prepromotion", AnalysisKind.PRE_PROMOTION, None, "Successful"),
        ("run-postpromotion", AnalysisKind.POST_PROMOTION, None, "Successful"),
    ],
)
def test_an_analysis(name, kind, step, phase, recorded):
    document = recorded(name)
    run = read_analysis(document)
    assert (run.kind, run.step, run.phase) == (kind, step, phase)
    assert run.rollout == document["metadata"]["ownerReferences"][0]["name"]
    assert run.name.startswith(f"{run.rollout}-{run.template_hash}-")
    assert run.started_at.endswith("Z")
    [metric] = run.metrics
    word = "REGRESSED" if phase == "Failed" else "HEALTHY"
    assert (metric.name, metric.phase, metric.value) == ("verdict", phase, f'"{word}"')


def test_an_analysis_that_nobody_has_looked_at(recorded):
    document = recorded("run-step")
    del document["status"]
    run = read_analysis(document)
    assert (run.phase, run.started_at, run.metrics) == ("", "", ())


@pytest.mark.parametrize(
    "path",
    [
        ("metadata", "uid"),
        ("metadata", "resourceVersion"),
        ("metadata", "generation"),
        ("spec", "template"),
        ("spec", "strategy"),
    ],
)
def test_a_rollout_that_lacks_what_is_needed_is_named(path, recorded):
    document = recorded("paused-at-a-step")
    del document[path[0]][path[1]]
    with pytest.raises(Broken, match=f"Rollout income: no {path[1]}"):
        read_rollout(document)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("metadata", "labels"), "no labels"),
        (("metadata", "ownerReferences"), "no metadata.ownerReferences"),
    ],
)
def test_an_analysis_that_lacks_what_is_needed_is_named(path, found, recorded):
    document = recorded("run-step")
    del document[path[0]][path[1]]
    with pytest.raises(Broken, match=f"AnalysisRun income-.*: {found}"):
        read_analysis(document)


def test_an_analysis_of_a_kind_that_is_not_known_is_refused(recorded):
    document = recorded("run-step")
    document["metadata"]["labels"]["rollout-type"] = "Chaos"
    with pytest.raises(Broken, match="Chaos"):
        read_analysis(document)


def _places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    return [path, *(place for key, value in inner for place in _places(value, (*path, key)))]


ODD = st.sampled_from([None, "", "x", -1, 2.5, True, [], {}, [None], {"x": 1}, [[]], [{}]])


@given(data=st.data())
@settings(max_examples=150)
def test_whatever_stands_anywhere_is_read_or_broken(data, recorded_all):
    name, original = data.draw(st.sampled_from(recorded_all))
    document = copy.deepcopy(original)
    place = data.draw(st.sampled_from(_places(original)[1:]))
    inner: Any = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = data.draw(ODD)
    read = read_analysis if name.startswith("run-") else read_rollout
    with contextlib.suppress(Broken):
        read(document)
