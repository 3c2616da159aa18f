"""Which counters are whose."""

import pytest

from mlci.flow.argo.targets import arms
from mlci.manifest.release import parse_release
from mlci.records.argo import read_argo
from mlci.records.prometheus import Arm

PATH = "releases/income/production.yaml"
TEXT = b"""\
apiVersion: mlci.dev/v1
kind: ModelRelease
metadata: {name: income, environment: production}
spec:
  version: 1.0.0
  task: binary-classification
  model: {uri: "s3://models/m.onnx", digest: "sha256:%s", format: onnx}
  evaluation: exam
""" % (b"a" * 64)


def of(service, name):
    return Arm(namespace="models", model="income", service=service, hash=name)


@pytest.mark.parametrize(
    ("routed", "said", "canary", "stable"),
    [
        (True, {}, of("income-canary", "5f6d"), of("income", "77c1")),
        (False, {}, of("income", "5f6d"), of("income", "77c1")),
        # Once it is stable itself, and as the first one, it stands alone behind the one Service.
        (True, {"stable_hash": "5f6d"}, of("income", "5f6d"), None),
        (False, {"stable_hash": "5f6d"}, of("income", "5f6d"), None),
        (True, {"stable_hash": ""}, of("income", "5f6d"), None),
        # Blue-green: one of the two has all of the traffic.
        (False, {"blue_green": True}, of("income", "5f6d"), None),
        (True, {"blue_green": True, "active_hash": "5f6d"}, of("income", "5f6d"), None),
    ],
)
def test_the_table(says, routed, said, canary, stable):
    routing = {"routing": {"gatewayApi": {"gateway": "public"}}} if routed else {}
    argo = read_argo({"argo": {"namespace": "models", **routing}})
    assert arms(argo, parse_release(PATH, TEXT), says.rollout(**said)) == (canary, stable)
