"""Blue-green under the agent: a switch by approval, a way back by itself, and a cluster that was
built anew."""

import pytest

pytestmark = [pytest.mark.journey, pytest.mark.plane]

BLUE_GREEN = {"strategy": "blueGreen", "scaleDownDelay": "2m"}


def test_a_switch_by_approval_its_way_back_and_a_rebuilt_cluster(
    running_pods, releasing, namespace, eventually, tmp_path
):
    world = releasing(running_pods, tmp_path, namespace)
    path = "releases/income/production.yaml"
    world.release("1.0.0", rollout=BLUE_GREEN)
    with world.running() as traffic:
        eventually(lambda: world.reached("1.0.0", "HEALTHY"), seconds=240)

        # The preview takes nothing until a person says yes.
        world.release("1.1.0", rollout=BLUE_GREEN | {"approval": True})
        eventually(lambda: world.reached("1.1.0", "PAUSED"), seconds=240)
        assert not any(version == "1.1.0" for version, _ in traffic)
        world.mlci("approve", path, "--reason", "looked at the preview")
        eventually(lambda: world.reached("1.1.0", "HEALTHY"), seconds=240)
        good = world.rollout()["status"]["stableRS"]

        # It fails under live traffic, after the switch: the former one is back, then Git.
        world.release("1.3.0", rollout=BLUE_GREEN)
        eventually(lambda: world.reached("1.3.0", "REVERTED"), seconds=300)
        eventually(lambda: world.rollout()["status"]["stableRS"] == good)
        eventually(lambda: world.rollout()["status"]["phase"] == "Healthy")
        assert world.rollout()["status"]["blueGreen"]["activeSelector"] == good
        world.pull()

        # Half-judged, and the cluster is gone: as a first deploy it would get everything at once.
        world.git("pull", "--quiet", "--ff-only", "origin", "main")
        world.release("1.2.0", rollout=BLUE_GREEN | {"approval": True})
        eventually(lambda: world.reached("1.2.0", "PAUSED"), seconds=240)
        world.plane.kubectl("delete", "rollout", "income", "-n", namespace)
        world.apply()
        eventually(lambda: "as a first deploy" in world.told(), seconds=60)
        admitted = world.admissions()
        assert all(each["outcome"] != "WATCHING" for each in admitted.values())
