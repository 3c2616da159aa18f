"""Merge, sync, canary, abort, reversal, sync, healthy: with the real Argo CD and Rollouts,
a real Prometheus, and pods that serve."""

import subprocess
from contextlib import ExitStack

import pytest

pytestmark = [pytest.mark.journey, pytest.mark.plane]


def test_a_release_that_only_fails_under_live_traffic_is_taken_back_in_git(
    argocd, releasing, eventually, tmp_path
):
    world = releasing(argocd, tmp_path, "models")
    argocd.kubectl("create", "namespace", "models")
    with ExitStack() as stack:
        stack.callback(lambda: argocd.kubectl("delete", "namespace", "models", "--wait=false"))
        stack.callback(
            lambda: argocd.kubectl(
                "delete", "applications", "--all", "-n", "argocd", "--wait=false"
            )
        )
        stack.enter_context(world.prometheus())
        world.release("1.0.0")
        world.mlci("render", "--environment", "production")
        world.push("What Argo CD is told")
        told = (world.work / "deploy/production/_environment/argocd.yaml").read_text()
        argocd.kubectl("apply", "-f", "-", text=told)
        # Nobody admits it yet: pods of a first deploy wait.
        eventually(lambda: world.rollout().get("status", {}).get("currentPodHash"))
        world.start_agent()
        stack.callback(lambda: world.agent and world.stop_agent())
        traffic = stack.enter_context(world.traffic())
        eventually(lambda: world.reached("1.0.0", "HEALTHY"), seconds=240)

        world.release("1.1.0")
        eventually(lambda: world.reached("1.1.0", "HEALTHY"), seconds=300)
        good = world.rollout()["status"]["stableRS"]

        world.release("1.3.0")
        eventually(lambda: world.reached("1.3.0", "REVERTED"), seconds=300)
        # The identical template is stable again, without a step.
        eventually(
            lambda: (
                world.rollout()["status"].get("phase") == "Healthy"
                and world.rollout()["status"]["stableRS"] == good
            )
        )
        world.pull()
        body = subprocess.run(
            ["git", "log", "-1", "--format=%B"],
            cwd=world.work,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert "Mlci-Release: income/production@1.3.0" in body
        states = [state for version, state in world.states() if version == "1.3.0"]
        assert states == ["GATING", "ADMITTED", "REGRESSED", "REVERTED"]
        assert any(version == "1.3.0" and status >= 500 for version, status in traffic)
