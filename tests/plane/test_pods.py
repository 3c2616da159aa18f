"""Pods of the test kubelet are processes with a network, volumes and an end of their own."""

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

import mlci

pytestmark = [pytest.mark.journey, pytest.mark.plane]

MODEL = Path(mlci.__file__).parent / "demo/models/income-1.0.0.onnx"
WITH_THE_API = """
import ssl, urllib.request
folder = "/var/run/secrets/kubernetes.io/serviceaccount/"
request = urllib.request.Request("https://kubernetes.default.svc/api/v1/namespaces/default/pods")
request.add_header("Authorization", "Bearer " + open(folder + "token").read())
try:
    urllib.request.urlopen(request, context=ssl.create_default_context(cafile=folder + "ca.crt"))
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
"""


def test_mlci_serve_in_a_pod_answers_by_its_address_and_by_its_service(
    running_pods, namespace, eventually
):
    serve = ["-m", "mlci", "serve", str(MODEL), "--name", "income", "--version", "1.0.0"]
    container = {
        "name": "model",
        "image": "server",
        "args": [*serve, "--host", "0.0.0.0", "--port", "8000"],
        "ports": [{"name": "http", "containerPort": 8000}],
        "readinessProbe": {
            "httpGet": {"path": "/v2/health/ready", "port": "http"},
            "periodSeconds": 1,
        },
    }
    running_pods.images(server=[sys.executable])
    running_pods.apply(namespace, _deployment("income", 2, container), _service("income"))
    core = client.CoreV1Api(running_pods.api())
    discovery = client.DiscoveryV1Api(running_pods.api())

    def ready() -> list[str]:
        slices = discovery.list_namespaced_endpoint_slice(namespace).items
        endpoints = [endpoint for found in slices for endpoint in found.endpoints or []]
        found = [endpoint.addresses[0] for endpoint in endpoints if endpoint.conditions.ready]
        return found if len(found) == 2 else []

    addresses = eventually(ready)
    service = core.read_namespaced_service("income", namespace).spec.cluster_ip
    for url in [*(f"http://{address}:8000" for address in addresses), f"http://{service}"]:
        with urllib.request.urlopen(f"{url}/v2/models/income", timeout=10) as answer:
            assert answer.headers["Mlci-Release"] == "1.0.0"
            assert json.load(answer)["name"] == "income"


def test_an_init_container_hands_over_by_a_volume_and_a_job_comes_to_its_end(
    running_pods, namespace, eventually
):
    """Secrets, fields and volumes reach the commands; what fails is started again."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "word"},
        "stringData": {"word": "open sesame"},
    }
    mounts = [
        {"name": "shared", "mountPath": "/model/of/the/pod"},
        {"name": "word", "mountPath": "/word"},
    ]
    script = "cat /word/word > given; echo $POD >> given; test -e tried || { touch tried; exit 3; }"
    pod = {
        "restartPolicy": "OnFailure",
        "volumes": [
            {"name": "shared", "emptyDir": {}},
            {"name": "word", "secret": {"secretName": "word"}},
        ],
        "initContainers": [
            {
                "name": "fetch",
                "image": "any",
                "command": ["sh", "-c", script],
                "workingDir": "/model/of/the/pod",
                "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                "volumeMounts": mounts,
            }
        ],
        "containers": [
            {
                "name": "read",
                "image": "any",
                "command": ["sh", "-c", "cat $GIVEN && ! touch /new && touch $GIVEN"],
                "env": [{"name": "GIVEN", "value": "/model/of/the/pod/given"}],
                "securityContext": {"readOnlyRootFilesystem": True},
                "volumeMounts": mounts,
            }
        ],
    }
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "job"},
        "spec": {"template": {"spec": pod}},
    }
    running_pods.apply(namespace, secret, job)
    batch = client.BatchV1Api(running_pods.api())
    eventually(lambda: batch.read_namespaced_job("job", namespace).status.succeeded)
    [done] = client.CoreV1Api(running_pods.api()).list_namespaced_pod(namespace).items
    [fetch] = done.status.init_container_statuses
    assert fetch.restart_count == 1
    assert fetch.state.terminated.exit_code == 0
    assert _log(running_pods, done, "read").startswith(f"open sesame{done.metadata.name}\n")
    assert not Path("/model/of/the/pod").exists()


def test_a_pod_speaks_to_the_api_server_as_its_service_account(running_pods, namespace, eventually):
    container = {
        "name": "ask",
        "image": "any",
        "command": [sys.executable, "-c", WITH_THE_API],
    }
    pod = _pod("asks", {"restartPolicy": "Never", "containers": [container]})
    running_pods.apply(namespace, pod)
    done = _phase(running_pods, namespace, "asks", "Succeeded", eventually)
    said = _log(running_pods, done, "ask")
    assert said.startswith("403 ")
    assert f"system:serviceaccount:{namespace}:default" in said


def test_a_deleted_pod_is_told_first_and_has_its_grace(
    running_pods, namespace, eventually, tmp_path
):
    script = "trap 'echo told > /out/told; exit 0' TERM; touch /out/up; while :; do sleep 0.1; done"
    container = {
        "name": "loop",
        "image": "any",
        "command": ["sh", "-c", script],
        "volumeMounts": [{"name": "out", "mountPath": "/out"}],
    }
    volume = {"name": "out", "hostPath": {"path": str(tmp_path)}}
    spec = {"containers": [container], "volumes": [volume], "terminationGracePeriodSeconds": 20}
    running_pods.apply(namespace, _pod("loop", spec))
    eventually((tmp_path / "up").exists)
    running_pods.kubectl("delete", "pod", "loop", "--namespace", namespace)
    assert (tmp_path / "told").read_text() == "told\n"


def test_a_pod_that_is_not_alive_is_started_again(running_pods, namespace, eventually):
    probe = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1}
    container = {
        "name": "sick",
        "image": "any",
        "command": ["sleep", "3600"],
        "livenessProbe": probe,
    }
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    running_pods.apply(namespace, _pod("sick", spec))
    core = client.CoreV1Api(running_pods.api())

    def restarted() -> Any:
        [status] = core.read_namespaced_pod("sick", namespace).status.container_statuses or [None]
        return status if status and status.restart_count > 0 else None

    ended = eventually(restarted).last_state.terminated
    assert ended.exit_code == 128 + 15
    assert "liveness probe" in ended.message


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"command": ["no-such-program"]}, "no-such-program"),
        ({}, "no command"),
        ({"command": ["sh", "-c", "echo the last words; exit 7"]}, "the last words"),
    ],
    ids=["not found", "no command", "exit 7"],
)
def test_a_pod_that_cannot_run_fails_and_says_why(
    running_pods, namespace, eventually, container, words
):
    spec = {
        "restartPolicy": "Never",
        "containers": [{"name": "bad", "image": "unknown"} | container],
    }
    running_pods.apply(namespace, _pod("bad", spec))
    failed = _phase(running_pods, namespace, "bad", "Failed", eventually)
    assert words in failed.status.container_statuses[0].state.terminated.message


def _phase(plane: Any, namespace: str, name: str, phase: str, eventually: Any) -> Any:
    core = client.CoreV1Api(plane.api())

    def seen() -> Any:
        pod = core.read_namespaced_pod(name, namespace)
        return pod if pod.status.phase == phase else None

    return eventually(seen)


def _log(plane: Any, pod: Any, container: str) -> str:
    name = f"{pod.metadata.namespace}_{pod.metadata.name}_{container}.log"
    return (plane.folder / "logs/pods" / name).read_text()


def _pod(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def _deployment(name: str, replicas: int, container: dict[str, Any]) -> dict[str, Any]:
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec},
        },
    }


def _service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": "http"}]},
    }
