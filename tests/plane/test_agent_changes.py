"""The agent while Git and the cluster change under it: newer releases, edits, deletions, another
cluster."""

import json
import time

import pytest

pytestmark = [pytest.mark.journey, pytest.mark.plane]

PATH = "releases/income/production.yaml"
BAKE = {"weight": 50, "bake": "5s"}
WAITS = {"strategy": "canary", "steps": [BAKE, {"pause": "approval"}]}
GOES = {"strategy": "canary", "steps": [BAKE]}
BROKEN = "kind: ModelRelease\nspec: ["
EDIT, UNDONE = (
    {"spec": {"template": {"metadata": {"annotations": {"edited": said}}}}}
    for said in ("by hand", None)
)
NO_STEPS = {"spec": {"strategy": {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}}}


@pytest.fixture
def world(running_pods, releasing, namespace, eventually, tmp_path):
    """1.0.0 is HEALTHY; sync, Prometheus and agent run, and nobody asks anything."""
    world = releasing(running_pods, tmp_path, namespace)
    world.release("1.0.0", rollout=GOES)
    with world.followed():
        with world.traffic():
            eventually(lambda: world.reached("1.0.0", "HEALTHY"), seconds=240)
            eventually(lambda: world.analysis()["outcome"] == "HEALTHY")
        yield world
        assert world.agent.poll() is None


def test_git_asks_for_something_else_in_the_middle_of_a_canary(world, eventually):
    def states(version):
        return [state for of, state in world.states() if of == version]

    # A manifest of another model that can't be read is said, and is no matter of this one.
    world.write("releases/other/production.yaml", BROKEN)
    world.push("A broken manifest")

    # A newer one that isn't synced yet: what Git asks for no more still takes traffic. It goes no
    # further, and harm is seen all the same.
    world.release("1.3.0", rollout=GOES)
    bad = f"/analysis/production/income/{world.digest()}"
    eventually(lambda: world.step() == 3, seconds=180)
    world.syncs.clear()
    world.release("1.1.0", rollout=WAITS)
    eventually(lambda: states("1.3.0")[-1] == "SUPERSEDED")
    eventually(lambda: world.answer(bad)["outcome"] == "HELD")
    with world.traffic():
        eventually(lambda: world.answer(bad)["outcome"] == "REGRESSED", seconds=120)
        eventually(lambda: world.rollout()["status"].get("abort"))
        world.syncs.set()
        eventually(lambda: world.reached("1.1.0", "PAUSED"), seconds=180)
        world.mlci("approve", PATH, "--reason", "looked at it")
        eventually(lambda: world.reached("1.1.0", "HEALTHY"), seconds=180)
        assert states("1.3.0") == ["GATING", "ADMITTED", "SUPERSEDED"]
        assert world.answer(bad)["outcome"] == "HELD"
        assert "other/production: releases/other/production.yaml:" in world.told()

        # Its own manifest can't be read: what serves goes on.
        records, serving = world.states(), world.digest()
        world.write(PATH, BROKEN)
        world.push("A broken manifest of its own")
        eventually(lambda: f"income/production: {PATH}:" in world.told())
        champion = f"/analysis/production/income/{serving}"
        assert world.answer(champion)["outcome"] == "HEALTHY"
        assert world.states() == records

        # Two within a second: the last word counts, and the one before it is never HEALTHY.
        first = world.prepare("1.2.0", rollout=GOES)
        world.prepare("1.0.0", rollout=GOES, serving={"replicas": 3})
        world.git("push", "--quiet", "origin", f"{first}:main")
        world.git("push", "--quiet", "origin", "main")
        eventually(lambda: states("1.0.0").count("HEALTHY") == 2, seconds=180)
        assert "HEALTHY" not in states("1.2.0")
        assert world.rollout()["spec"]["replicas"] == 3

        # Removed in the middle of a canary.
        world.release("1.1.0", rollout=WAITS, serving={"replicas": 3})
        eventually(lambda: states("1.1.0")[-1] == "PAUSED", seconds=180)
        removed = f"/admission/production/income/{world.digest()}"
        world.git("rm", "-r", "--quiet", PATH, "deploy/production/income")
        world.push("No income any more")
        eventually(lambda: states("1.1.0")[-1] == "SUPERSEDED")
        eventually(lambda: "removed from Git" in world.told())
        eventually(lambda: not world.rollout())
        assert world.answer(removed)["outcome"] == "HELD"


def test_the_cluster_is_edited_emptied_and_built_anew(running_pods, world, namespace, eventually):
    def edit(patch):
        what = ("patch", "rollout", "income", "-n", namespace, "--type=merge", "-p")
        running_pods.kubectl(*what, json.dumps(patch))

    def healthy():
        return world.rollout().get("status", {}).get("phase") == "Healthy"

    def waiting():
        """How many pods wait for their admission."""
        pods = json.loads(running_pods.kubectl("get", "pods", "-n", namespace, "-o", "json"))
        first = [each["status"].get("initContainerStatuses", [{}])[0] for each in pods["items"]]
        return sum("running" in each.get("state", {}) for each in first)

    stable, records = world.rollout()["status"]["stableRS"], world.states()

    # Edited: it asks in the name of a manifest that is HEALTHY, and gets nothing by it.
    edit(EDIT)
    eventually(lambda: world.rollout()["status"]["currentPodHash"] != stable)
    eventually(lambda: "1.0.0 is HEALTHY: the Rollout in the cluster was edited" in world.told())
    assert world.analysis()["outcome"] == "HELD"
    time.sleep(12)  # longer than Argo waits between two questions
    edited = world.rollout()["status"]
    assert edited["stableRS"] == stable != edited["currentPodHash"]
    edit(UNDONE)
    eventually(healthy)
    assert world.rollout()["status"]["stableRS"] == stable

    # Deleted, and applied again: what is HEALTHY needs nobody's leave.
    running_pods.kubectl("delete", "rollout", "income", "-n", namespace)
    eventually(lambda: "1.0.0 is HEALTHY: its Rollout isn't in the cluster" in world.told())
    world.apply()
    eventually(healthy)
    assert world.states() == records

    with world.traffic():
        world.release("1.1.0", rollout=WAITS)
        eventually(lambda: world.reached("1.1.0", "PAUSED"), seconds=180)
    for patch, word in ((EDIT, "it isn't the rendering"), (NO_STEPS, "strategy in the cluster")):
        edit(patch)
        eventually(lambda word=word: word in world.analysis()["reason"])
        assert world.analysis()["outcome"] == "HELD"
        edit(UNDONE)
        world.apply()
        eventually(lambda word=word: word not in world.analysis()["reason"])

    # Another cluster than yesterday's, with nothing in it: as a first deploy what is half judged
    # would get everything at once. The way back brings what was HEALTHY.
    for what in ("delete", "create"):
        running_pods.kubectl(what, "namespace", namespace)
    world.apply()
    eventually(lambda: "as a first deploy 1.1.0 would get everything at once" in world.told())
    eventually(lambda: waiting() == 2)
    time.sleep(5)
    assert all(each["outcome"] == "HELD" for each in world.admissions().values())
    assert waiting() == 2
    world.mlci("revert", PATH, "--push")
    eventually(lambda: healthy() and world.rollout()["status"]["stableRS"] == stable, seconds=180)
    eventually(lambda: world.states()[-1] == ("1.1.0", "SUPERSEDED"))
