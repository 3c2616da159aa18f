"""What a live Rollout says of a delivery: one test for each thing that it can say."""

import pytest

from mlci.flow.argo.fate import Stage, fate, left, own_runs, same_template, steered
from mlci.records.delivery import State

PAUSED = ("CanaryPauseStep",)
STEPS = ({"setWeight": 5}, {"pause": {}}, {"setWeight": 50})


@pytest.fixture
def of(says):
    """The fate of the delivery whose Rollout says this."""
    return lambda *runs, **said: fate(says.rollout(**said), runs, says.manifest, says.digest)


def test_what_is_not_there_says_nothing(says):
    found = fate(None, (), says.manifest, says.digest)
    assert (found.stage, found.reason) == (
        Stage.ABSENT,
        "its Rollout isn't in the cluster yet",
    )


@pytest.mark.parametrize(
    "digests",
    [(), ("sha256:" + "b" * 64,)],
    ids=["none", "another"],
)
def test_one_that_asks_about_other_manifests_says_nothing(of, digests):
    # All else says that it is promoted.
    found = of(digests=digests, phase="Healthy", stable_hash="5f6d")
    assert (found.stage, found.reason) == (
        Stage.ABSENT,
        "the Rollout in the cluster asks for something else",
    )


@pytest.mark.parametrize("edited", ["template", "digests"])
def test_what_names_the_manifest_and_is_not_its_rendering_was_edited(of, says, edited):
    said = {
        "template": says.template(image="mine"),
        "digests": (says.manifest, "sha256:" + "b" * 64),
    }
    found = of(**{edited: said[edited]}, phase="Healthy", stable_hash="5f6d")
    assert found.stage is Stage.EDITED
    assert "isn't the rendering of the manifest it names" in found.reason


def test_a_strategy_that_is_not_gits_is_said_and_the_delivery_is_there_all_the_same(of, says):
    own, edited = {"canary": {"steps": [{"setWeight": 5}]}}, {"canary": {"steps": []}}
    assert of(strategy=edited).stage is Stage.MOVING
    assert "it isn't Git's" in steered(says.rollout(strategy=edited), says.manifest, own)
    assert steered(says.rollout(strategy=own), says.manifest, own) == ""
    assert steered(says.rollout(strategy=edited), "sha256:" + "b" * 64, own) == ""
    assert steered(None, says.manifest, own) == ""


def test_what_is_superseded_and_still_asked_for_is_found(says):
    other = "sha256:" + "b" * 64
    over = says.record(State.SUPERSEDED)
    newer = says.record(State.ADMITTED, delivery="e" * 64, manifest_digest=other)
    here, both = says.rollout(), says.rollout(digests=(says.manifest, other))
    assert left([says.record(), over, newer], here) is over
    assert left([says.record(), over, says.record(State.APPROVED)], here) is over
    # It isn't over, is delivered once more, or isn't what the Rollout asks for.
    again = says.record(State.GATING, delivery="f" * 64)
    assert left([says.record()], here) is left([over, again], here) is None
    assert left([newer], here) is left([over, newer], both) is left([over], None) is None


@pytest.mark.parametrize(
    "template",
    [{}, {"spec": None}, {"spec": {"initContainers": []}}, {"spec": {"initContainers": [{}]}},
     {"spec": {"initContainers": [{"args": ["admitted"]}]}}],
)  # fmt: skip
def test_a_template_without_our_question_is_no_template_of_ours(of, template):
    assert not same_template(template, "")
    assert of(template=template).stage is Stage.EDITED


def test_a_template_is_the_same_whatever_digest_its_own_question_names(says):
    assert same_template(says.template(digest=says.digest), says.digest)


def test_what_the_controller_has_not_seen_is_stale(of):
    found = of(settled=False, aborted=True, aborted_at="now", message="assessed Failed")
    assert (found.stage, found.reason) == (
        Stage.ABSENT,
        "Argo Rollouts has not looked at it yet",
    )


def test_a_spec_that_argo_can_not_use_is_invalid(of):
    found = of(invalid="spec.strategy: none", aborted=True, aborted_at="now")
    assert (found.stage, found.reason) == (Stage.INVALID, "spec.strategy: none")


def test_it_is_on_its_way_until_something_else_is_said(of):
    found = of()
    assert (found.stage, found.step) == (Stage.MOVING, 0)
    assert not found.stage.back


def test_an_abort_without_its_moment_has_not_been_made_yet(of):
    assert of(aborted=True, message="assessed Failed").stage is Stage.MOVING


def test_a_failed_analysis_is_harm_in_its_own_words(of, says):
    runs = (
        says.analysis("Failed", of=says.old, value="another release's"),
        says.analysis("Successful", value="before"),
        says.analysis("Failed", value='"REGRESSED"'),
    )
    message = (
        "RolloutAborted: Step-based analysis phase error/failed: assessed Failed due to failed"
    )
    found = of(*runs, aborted=True, aborted_at="now", message=message)
    assert (found.stage, found.reason) == (
        Stage.FAILED,
        'AnalysisRun income-step Failed: verdict "REGRESSED"',
    )
    assert of(aborted=True, aborted_at="now", message=message).reason == message
    assert found.stage.back


def test_an_analysis_that_nobody_answered_is_silence_not_harm(of, says):
    message = "Metric assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4)"
    found = of(says.analysis("Error"), aborted=True, aborted_at="now", message=message)
    assert (found.stage, found.reason) == (Stage.SILENT, message)
    assert found.stage.back


@pytest.mark.parametrize(
    "said",
    [
        {"message": "ReplicaSet income-5f6d has timed out progressing."},
        {"message": "ProgressDeadlineExceeded"},
        {"late": True, "message": "aborted"},
    ],
)
def test_what_never_became_ready_failed(of, said):
    found = of(aborted=True, aborted_at="now", **said)
    assert found.stage is Stage.FAILED
    assert found.reason.startswith("it never became ready: ")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Rollout aborted update to revision 2", "Rollout aborted update to revision 2"),
        ("assessed FailedOver", "assessed FailedOver"),
        ("", "aborted in the cluster"),
    ],
)
def test_any_other_abort_is_a_person_s(of, says, message, reason):
    # Even beside an analysis that failed: that is not what ended it.
    found = of(says.analysis("Failed"), aborted=True, aborted_at="now", message=message)
    assert (found.stage, found.reason) == (Stage.ABORTED, reason)
    assert found.stage.back


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ({}, Stage.PROMOTED),
        ({"phase": "Progressing"}, Stage.MOVING),
        ({"stable_hash": "77c1"}, Stage.MOVING),
        ({"current_hash": "", "stable_hash": ""}, Stage.MOVING),
        ({"aborted": True}, Stage.MOVING),
    ],
)
def test_promoted_is_stable_healthy_and_not_aborted(of, said, stage):
    promoted = {"phase": "Healthy", "stable_hash": "5f6d"}
    assert of(**{**promoted, **said}).stage is stage


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ({"step": 1, "paused_for": PAUSED}, Stage.STOPPED),
        ({"step": 1}, Stage.MOVING),
        ({"step": 0, "paused_for": PAUSED}, Stage.MOVING),
        ({"step": 1, "paused_for": ("InconclusiveAnalysisRun",)}, Stage.MOVING),
        ({"step": 3, "paused_for": PAUSED}, Stage.MOVING),
        ({"step": None, "paused_for": PAUSED}, Stage.MOVING),
    ],
)
def test_a_canary_waits_for_a_person_in_a_pause_of_its_own(of, said, stage):
    found = of(steps=STEPS, **said)
    assert found.stage is stage
    if stage is Stage.STOPPED:
        assert (found.step, found.reason) == (1, "step 2 of 3 waits for approval")


@pytest.mark.parametrize(
    ("before", "paused_for", "stage"),
    [
        (["Successful"], ("BlueGreenPause",), Stage.STOPPED),
        (["Successful"], (), Stage.MOVING),
        (["Running"], ("BlueGreenPause",), Stage.MOVING),
        (["Successful", "Running"], ("BlueGreenPause",), Stage.MOVING),
        ([], ("BlueGreenPause",), Stage.MOVING),
    ],
)
def test_blue_green_waits_for_a_person_once_its_preview_did_well(
    of, says, before, paused_for, stage
):
    runs = [says.analysis(phase, kind="PrePromotion") for phase in before]
    found = of(*runs, blue_green=True, steps=(), step=None, paused_for=paused_for)
    assert found.stage is stage
    if stage is Stage.STOPPED:
        assert found.reason == "the switch waits for approval"


def test_a_preview_of_another_release_opens_no_switch(of, says):
    runs = [says.analysis("Successful", kind="PrePromotion", of=says.old)]
    found = of(*runs, blue_green=True, steps=(), step=None, paused_for=("BlueGreenPause",))
    assert found.stage is Stage.MOVING
    assert own_runs(says.rollout(), runs) == []
