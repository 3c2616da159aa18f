"""The real Argo CD: Git, sync, canary, abort, and the reversal that makes Git right again."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

pytestmark = [pytest.mark.journey, pytest.mark.plane]


def test_an_aborted_canary_is_healthy_again_once_git_is_reverted(
    argocd, cloned, judging, documents, eventually, tmp_path
):
    clone = cloned(tmp_path)

    def ask_for(version):
        clone.write("deploy/income.yaml", yaml.safe_dump_all(documents(judge.url, version)))
        clone.push(f"Release {version}")

    with judging(argocd) as judge:
        ask_for("1.0.0")
        argocd.kubectl("create", "namespace", "production")
        argocd.apply("argocd", _application(clone.remote))
        eventually(lambda: _state(argocd) == ("Synced", "Healthy"))
        assert judge.asked == []

        judge.verdict = "REGRESSED"
        ask_for("1.1.0")
        # Git and the cluster agree on a release that was aborted: Argo CD has nothing to do.
        eventually(lambda: _state(argocd) == ("Synced", "Degraded"))
        assert len(judge.asked) == 1

        reverted = clone.revert()
        eventually(lambda: _state(argocd) == ("Synced", "Healthy"))
        assert _application_of(argocd)["status"]["sync"]["revision"] == reverted
        assert len(judge.asked) == 1


def _application(remote: Path) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "production", "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {"repoURL": f"file://{remote}", "targetRevision": "main", "path": "deploy"},
            "destination": {
                "server": "https://kubernetes.default.svc",
                "namespace": "production",
            },
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    }


def _application_of(plane: Any) -> dict[str, Any]:
    api = client.CustomObjectsApi(plane.api())
    return api.get_namespaced_custom_object(
        "argoproj.io", "v1alpha1", "argocd", "applications", "production"
    )


def _state(plane: Any) -> tuple[str | None, str | None]:
    status = _application_of(plane).get("status", {})
    return status.get("sync", {}).get("status"), status.get("health", {}).get("status")
