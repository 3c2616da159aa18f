"""A release goes live by canary, and nobody's request fails on the way."""

import http.client
import json

import pytest

pytestmark = pytest.mark.journey


def test_first_release_then_a_new_one_by_canary(world, models, traffic, until):
    world.build()
    first = world.release("1.0", models("good"))
    world.agent("--metrics-port", "0")
    clients = traffic()
    waited = world.mlci("status", "--wait", "--timeout", "150", "--format", "json")
    assert waited.returncode == 0, waited.stderr + world.log
    assert world.states() == ["GATING 1.0", "ADMITTED 1.0", "HEALTHY 1.0"]

    until(lambda: clients.of("1.0") > 200)
    clients.answers.clear()
    second = world.release("1.1", models("good", steepness=2.0))
    waited = world.mlci("status", "--wait", "--timeout", "150", "--format", "json")
    assert waited.returncode == 0, waited.stderr + world.log
    (line,) = json.loads(waited.stdout)["releases"]
    assert (line["state"], line["serving"]["digest"]) == ("HEALTHY", second)
    assert world.states()[3:] == ["GATING 1.1", "ADMITTED 1.1", "HEALTHY 1.1"]
    assert clients.of("1.0") > 50
    assert clients.of("1.1") > 50

    healthy = world.records()[-1]
    assert {blob.path for blob in healthy.paths} >= {
        "releases/income/production.yaml",
        "deploy/production/income/service.yaml",
    }
    assert [blob.path for blob in healthy.artifacts] == ["models/good-2.onnx"]
    assert healthy.evidence
    assert healthy.previous == world.records()[2].delivery != healthy.delivery
    assert world.records()[2].manifest_digest == first

    page = metrics(world.log)
    assert 'mlci_requests_total{model="income",environment="production",arm="stable"' in page
    assert "mlci_weight_percent{" in page

    until(lambda: len(world.servers()) == 1)
    assert clients.bad() == {}


def metrics(log):
    port = int(log.split("http://127.0.0.1:")[1].split("/")[0])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/metrics")
    return connection.getresponse().read().decode()
