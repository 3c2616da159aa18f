"""The agent beside real canaries: people, restarts and outages in the middle of them."""

import signal
import time

import pytest

pytestmark = [pytest.mark.journey, pytest.mark.plane]

STEPS = [{"weight": 50, "bake": "5s"}, {"pause": "approval"}]


def test_people_restarts_and_outages_in_the_middle_of_a_canary(
    running_pods, releasing, namespace, eventually, tmp_path
):
    world = releasing(running_pods, tmp_path, namespace)
    path = "releases/income/production.yaml"
    world.release("1.0.0")
    with world.running():
        eventually(lambda: world.reached("1.0.0", "HEALTHY"), seconds=240)
        first = world.digest()
        asked = f"/admission/production/income/{first}"
        eventually(lambda: world.answer(asked)["outcome"] == "HEALTHY")
        stranger = f"/analysis/production/income/sha256:{'0' * 64}"
        assert world.answer(stranger)["outcome"] == "HELD"

        # A person aborts: Git stays, and says so; a yes tries the same delivery again.
        world.release("1.1.0", rollout={"strategy": "canary", "steps": STEPS})
        eventually(lambda: world.reached("1.1.0", "ADMITTED"), seconds=120)
        eventually(lambda: world.step() > 1)
        world.patch_status({"abort": True})
        eventually(lambda: world.reached("1.1.0", "PAUSED"), seconds=120)
        assert "mlci revert" in world.told()
        assert world.states()[-1] == ("1.1.0", "PAUSED")
        world.mlci("approve", path, "--reason", "it was a mistake")
        eventually(lambda: not world.rollout()["status"].get("abort"), seconds=120)

        # The step that waits for a person waits while the agent is killed, and goes on after it.
        eventually(lambda: world.paused_for("CanaryPauseStep"), seconds=90)
        world.stop_agent(signal.SIGKILL)
        world.start_agent()
        eventually(lambda: world.states()[-1] == ("1.1.0", "PAUSED"), seconds=120)

        # Prometheus hangs: nothing can be seen, and that is all that is said of it.
        world.counts.send_signal(signal.SIGSTOP)
        eventually(lambda: world.analysis()["outcome"] == "UNKNOWN", seconds=120)
        world.counts.send_signal(signal.SIGCONT)
        eventually(lambda: world.analysis()["outcome"] in ("WATCHING", "HEALTHY"), seconds=120)

        # The kill switch: the agent goes on looking, and says HELD to everything.
        world.hold(True)
        eventually(lambda: world.analysis()["outcome"] == "HELD", seconds=30)
        world.mlci("approve", path, "--reason", "go on")
        held = world.rollout()["metadata"]["resourceVersion"]
        time.sleep(5)
        assert world.rollout()["metadata"]["resourceVersion"] == held
        world.hold(False)
        eventually(lambda: world.reached("1.1.0", "HEALTHY"), seconds=240)
        assert world.rollout()["status"]["phase"] == "Healthy"

        # A change of replicas alone has no new template: no step, one look after the other.
        before = world.rollout()["status"]["stableRS"]
        serving = {"replicas": 3}
        world.release("1.1.0", rollout={"strategy": "canary", "steps": STEPS}, serving=serving)
        eventually(lambda: world.states().count(("1.1.0", "HEALTHY")) == 2, seconds=240)
        assert world.rollout()["status"]["stableRS"] == before
        assert world.rollout()["spec"]["replicas"] == 3

        # A server that never is ready: Argo gives up, and Git is put right.
        never = {"command": ["sleep"], "args": ["3600"], "startup": "5s"}
        rollout = {"strategy": "canary", "steps": STEPS, "progressDeadline": "20s"}
        world.release("1.2.0", rollout=rollout, serving=never)
        eventually(lambda: world.reached("1.2.0", "REVERTED"), seconds=180)
        assert "1.2.0 REGRESSED, back to 1.1.0: it never became ready" in world.told()
        eventually(lambda: world.rollout()["status"]["phase"] == "Healthy")
        assert world.rollout()["status"]["stableRS"] == before
