"""The real Argo Rollouts controller: what the rest of mlci relies on."""

from dataclasses import dataclass
from typing import Any

import pytest
from kubernetes import client

pytestmark = [pytest.mark.journey, pytest.mark.plane]


@dataclass
class Canary:
    """One Rollout, and what its controller says of it."""

    plane: Any
    namespace: str
    judge: Any
    documents: Any
    eventually: Any

    def ask_for(self, version: str) -> None:
        self.plane.apply(self.namespace, *self.documents(self.judge.url, version))

    def read(self) -> dict[str, Any]:
        api = client.CustomObjectsApi(self.plane.api())
        return api.get_namespaced_custom_object(
            "argoproj.io", "v1alpha1", self.namespace, "rollouts", "income"
        )

    def wait(self, phase: str) -> dict[str, Any]:
        """The status once the controller has seen the latest spec and says ``phase``."""

        def seen() -> dict[str, Any] | None:
            rollout = self.read()
            status = rollout.get("status", {})
            fresh = status.get("observedGeneration") == str(rollout["metadata"]["generation"])
            return status if fresh and status.get("phase") == phase else None

        return self.eventually(seen)

    def analyses(self) -> list[dict[str, Any]]:
        api = client.CustomObjectsApi(self.plane.api())
        found = api.list_namespaced_custom_object(
            "argoproj.io", "v1alpha1", self.namespace, "analysisruns"
        )
        return found["items"]


@pytest.fixture
def canary(plane: Any, namespace: str, judge: Any, documents: Any, eventually: Any) -> Canary:
    canary = Canary(
        plane=plane,
        namespace=namespace,
        judge=judge,
        documents=documents,
        eventually=eventually,
    )
    canary.ask_for("1.0.0")
    canary.wait("Healthy")
    return canary


def test_the_first_deploy_skips_steps_and_a_healthy_canary_is_promoted(canary):
    assert canary.judge.asked == []
    first = canary.wait("Healthy")["stableRS"]
    canary.ask_for("1.1.0")
    status = canary.wait("Healthy")
    assert status["stableRS"] == status["currentPodHash"] != first
    [analysis] = canary.analyses()
    assert analysis["status"]["phase"] == "Successful"
    assert analysis["metadata"]["labels"]["rollout-type"] == "Step"
    assert canary.judge.asked == [f"/analysis/{status['currentPodHash']}"]


def test_a_regressed_canary_is_aborted_and_the_old_spec_is_healthy_without_analysis(canary):
    stable = canary.wait("Healthy")["stableRS"]
    canary.judge.verdict = "REGRESSED"
    canary.ask_for("1.1.0")
    aborted = canary.wait("Degraded")
    assert aborted["abort"] is True
    assert aborted["stableRS"] == stable != aborted["currentPodHash"]
    assert aborted["message"].startswith("RolloutAborted")

    canary.ask_for("1.0.0")
    status = canary.wait("Healthy")
    assert status["currentPodHash"] == status["stableRS"] == stable
    assert len(canary.analyses()) == len(canary.judge.asked) == 1
