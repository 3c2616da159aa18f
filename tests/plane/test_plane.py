"""The plane itself: it starts, has what tests need, and leaves nothing behind."""

import signal

import psutil
import pytest
from kubernetes import client

pytestmark = [pytest.mark.journey, pytest.mark.plane]


def test_it_answers_and_has_the_kinds_of_argo_rollouts(plane):
    kinds = client.ApiextensionsV1Api(plane.api()).list_custom_resource_definition().items
    argo = [kind for kind in kinds if kind.spec.group == "argoproj.io"]
    assert {kind.spec.names.kind for kind in argo} == {
        "AnalysisRun",
        "AnalysisTemplate",
        "ClusterAnalysisTemplate",
        "Experiment",
        "Rollout",
    }
    [node] = client.CoreV1Api(plane.api()).list_node().items
    assert node.status.allocatable["nvidia.com/gpu"] == "8"
    assert client.VersionApi(plane.api()).get_code().git_version.startswith("v1.")


def test_an_api_server_that_is_killed_comes_back_with_its_data(plane, namespace, eventually):
    before = plane.part("kube-apiserver")
    before.send_signal(signal.SIGKILL)
    before.wait()

    def answers():
        try:
            core = client.CoreV1Api(plane.api())
            return core.read_namespace(namespace).metadata.name == namespace
        except Exception:
            return False

    assert eventually(answers)
    assert plane.part("kube-apiserver").pid != before.pid


@pytest.fixture
def sleeper():
    """A Deployment of pods that do nothing for long."""
    container = {"name": "sleep", "image": "any", "command": ["sleep", "3600"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "sleeper"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "sleeper"}},
            "template": {
                "metadata": {"labels": {"app": "sleeper"}},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
            },
        },
    }


def test_without_the_right_to_namespaces_pods_only_report(
    plane_programs, tmp_path, launch, sleeper, eventually
):
    powerless = ("setpriv", "--bounding-set=-sys_admin,-net_admin")
    with launch(plane_programs, tmp_path, prefix=powerless) as plane:
        assert (plane.network, plane.pods) == (None, "report")
        assert plane.server.startswith("https://127.0.0.1:")
        plane.apply("default", sleeper)
        apps = client.AppsV1Api(plane.api())
        eventually(
            lambda: apps.read_namespaced_deployment("sleeper", "default").status.ready_replicas == 2
        )
        all_of_it = [plane.process.pid, *_pids(plane.process.pid)]
    assert not [pid for pid in all_of_it if psutil.pid_exists(pid)]


def test_a_killed_plane_leaves_no_process(plane_programs, tmp_path, launch, sleeper, eventually):
    with launch(plane_programs, tmp_path) as plane:
        with plane.inside():
            plane.apply("default", sleeper)
            eventually(lambda: _commands(plane.process.pid).count("sleep") == 2)
        all_of_it = _pids(plane.process.pid)
        assert len(all_of_it) > 8
        plane.process.kill()
        eventually(lambda: not [pid for pid in all_of_it if psutil.pid_exists(pid)])


def _pids(parent):
    return [process.pid for process in psutil.Process(parent).children(recursive=True)]


def _commands(parent):
    return [process.name() for process in psutil.Process(parent).children(recursive=True)]
