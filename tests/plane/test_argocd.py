"""The real Argo CD: Git, sync, canary, abort, and the reversal that makes Git right again."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

pytestmark = [pytest.mark.journey, pytest.mark.plane]

IDENTITY = {
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.org",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


class Clone:
    """A work tree of a bare remote that Argo CD reads."""

    def __init__(self, folder: Path) -> None:
        self.remote = folder / "remote.git"
        self.tree = folder / "tree"
        self._git("init", "--quiet", "--bare", "--initial-branch=main", str(self.remote), at=folder)
        self._git("clone", "--quiet", str(self.remote), str(self.tree), at=folder)
        self._git("checkout", "--quiet", "-b", "main")

    def push(self, documents: list[dict[str, Any]], words: str) -> None:
        (self.tree / "deploy").mkdir(exist_ok=True)
        (self.tree / "deploy/income.yaml").write_text(yaml.safe_dump_all(documents))
        self._git("add", "deploy")
        self._git("commit", "--quiet", "-m", words)
        self._git("push", "--quiet", "origin", "main")

    def revert(self) -> str:
        self._git("revert", "--no-edit", "HEAD")
        self._git("push", "--quiet", "origin", "main")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str, at: Path | None = None) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=at or self.tree,
            env=os.environ | IDENTITY,
            check=True,
            capture_output=True,
            text=True,
        ).stdout


def test_an_aborted_canary_is_healthy_again_once_git_is_reverted(
    argocd, judging, documents, eventually, tmp_path
):
    clone = Clone(tmp_path)
    with judging(argocd) as judge:
        clone.push(documents(judge.url, "1.0.0"), "Release 1.0.0")
        argocd.kubectl("create", "namespace", "production")
        argocd.apply("argocd", _application(clone.remote))
        eventually(lambda: _state(argocd) == ("Synced", "Healthy"))
        assert judge.asked == []

        judge.verdict = "REGRESSED"
        clone.push(documents(judge.url, "1.1.0"), "Release 1.1.0")
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
