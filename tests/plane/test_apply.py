"""Applied again and again, in each way there is: what Argo Rollouts wrote into the Services stays,
and the next release is judged.

A Service's selector is one value to server-side apply: who applies one takes the template's hash
out of it. A rendered Service that Rollouts steers has none.
"""

import itertools
import json
import subprocess
from copy import deepcopy

import pytest
import yaml

from mlci.manifest.release import parse_release
from mlci.records.argo import read_argo
from mlci.records.labels import HASH, MODEL
from mlci.render.bundle import bundle

pytestmark = [pytest.mark.journey, pytest.mark.plane]

WAYS = {
    "client-side": (),
    "server-side": ("--server-side",),
    "forced": ("--server-side", "--force-conflicts"),
}
BLUE_GREEN = {"strategy": "blueGreen", "scaleDownDelay": "1m"}
CANARY = {"strategy": "canary", "steps": [{"weight": 50, "bake": "10s"}]}
GATEWAY = {"gatewayApi": {"gateway": "public", "namespace": "gateways"}}
NUMBERS = itertools.count()
ABSENT = ("PodMonitor", "HTTPRoute")  # kinds that the plane doesn't have


class Applied:
    """A model's bundle on a plane whose pods only report."""

    def __init__(self, plane, namespace, judge, eventually, way, rollout):
        self.plane, self.namespace = plane, namespace
        self.judge, self.eventually = judge, eventually
        self.way, self.rollout = way, rollout
        self.settings = {"image": f"registry/mlci@sha256:{'d' * 64}", "agent": judge.url}
        if rollout is CANARY:
            self.settings["routing"] = GATEWAY

    def release(self, version, *, selectors=False):
        """Applies its rendering; ``selectors`` are what a rendering must not have."""
        self.asked = self._rendered(version)
        if selectors:
            for each in self.asked:
                if each["kind"] == "Service":
                    each["spec"]["selector"] = {MODEL: "income"}
        return self.again()

    def again(self):
        """The same once more; whether it was taken."""
        argv = [str(self.plane.program), "kubectl", "--kubeconfig", str(self.plane.kubeconfig)]
        done = subprocess.run(
            [*argv, "apply", "--namespace", self.namespace, *self.way, "-f", "-"],
            input=yaml.safe_dump_all(self.asked),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or "conflict" in done.stderr, done.stderr
        return done.returncode == 0

    def got(self, kinds):
        return json.loads(self.plane.kubectl("get", kinds, "-n", self.namespace, "-o", "json"))[
            "items"
        ]

    def selectors(self):
        """The hash that each Service selects, by name."""
        found = {each["metadata"]["name"]: each["spec"].get("selector") for each in self.got("svc")}
        return {name: (selector or {}).get(HASH) for name, selector in found.items()}

    def status(self):
        """As the controller has seen it."""
        [live] = self.got("rollouts") or [{"metadata": {"generation": 1}}]
        status = live.get("status", {})
        return (
            status
            if status.get("observedGeneration") == str(live["metadata"]["generation"])
            else {}
        )

    def reaches(self, phase):
        """The template that has all of the traffic then."""
        self.eventually(lambda: self.status().get("phase") == phase)
        return self.status()["stableRS"]

    def waits(self):
        """The template that is asked about: its admission is not there."""

        def asked_about():
            hashes = {run["metadata"]["labels"][HASH]: run for run in self.got("analysisruns")}
            current = self.status().get("currentPodHash")
            running = hashes.get(current, {}).get("status", {}).get("phase") == "Running"
            return running and current

        return self.eventually(asked_about)

    def judged(self, template):
        return [r for r in self.got("analysisruns") if r["metadata"]["labels"][HASH] == template]

    def _rendered(self, version):
        spec = {
            "version": version,
            "task": "binary-classification",
            "model": {
                "uri": f"s3://models/income-{version}.onnx",
                "digest": f"sha256:{'a' * 64}",
                "format": "onnx",
            },
            "evaluation": "adult-2026",
            "serving": {
                "image": f"registry/server@sha256:{'c' * 64}",
                "replicas": 2,
                "minReady": "0s",
            },
            "rollout": self.rollout,
        }
        document = {
            "apiVersion": "mlci.dev/v1",
            "kind": "ModelRelease",
            "metadata": {"name": "income", "environment": "production"},
            "spec": spec,
        }
        text = json.dumps(document).encode()
        release = parse_release("releases/income/production.yaml", text)
        argo = read_argo({"argo": {"namespace": self.namespace, **self.settings}})
        [content] = bundle(release, argo).values()
        objects = [deepcopy(e) for e in yaml.safe_load_all(content) if e["kind"] not in ABSENT]
        if self.rollout is CANARY:
            # The plane has no plugin for the Gateway API; the Services are steered all the same.
            del objects[-1]["spec"]["strategy"]["canary"]["trafficRouting"]
            del objects[-1]["spec"]["strategy"]["canary"]["scaleDownDelaySeconds"]
        return objects


@pytest.fixture(scope="module")
def reporting(plane_programs, launch, tmp_path_factory):
    """A plane of this module's own, whose pods are ready at once."""
    folder = tmp_path_factory.mktemp("reporting")
    with launch(plane_programs, folder, "--pods", "report") as plane:
        yield plane


@pytest.fixture
def applied(reporting, judging, eventually):
    namespace = f"models-{next(NUMBERS)}"
    with reporting.inside(), judging(reporting) as judge:
        reporting.kubectl("create", "namespace", namespace)
        yield lambda way, rollout: Applied(reporting, namespace, judge, eventually, way, rollout)
        reporting.kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rollout", [BLUE_GREEN, CANARY], ids=["blue-green", "canary"])
def test_selectors_stay_and_the_next_release_is_judged(applied, way, rollout):
    it = applied(WAYS[way], rollout)
    other = "income-preview" if rollout is BLUE_GREEN else "income-canary"
    it.release("1.0.0")
    first = it.reaches("Healthy")
    assert it.again()
    assert it.selectors() == {"income": first, other: first}

    # In the middle of a release, and after it.
    it.judge.verdict = "HELD"
    assert it.release("1.1.0")
    second = it.waits()
    between = it.selectors()
    assert between["income"] == first
    assert it.again()
    assert it.selectors() == between
    it.judge.verdict = "HEALTHY"
    assert it.reaches("Healthy") == second
    assert it.again()
    assert it.selectors() == {"income": second, other: second}

    # One that is bad is found out, and the former one goes on.
    it.judge.verdict = "REGRESSED"
    assert it.release("1.2.0")
    assert it.reaches("Degraded") == second
    third = it.status()["currentPodHash"]
    assert [run["status"]["phase"] for run in it.judged(third)] == ["Failed"]
    assert it.selectors()["income"] == second


def test_with_a_selector_in_it_a_forced_apply_promotes_what_is_bad(applied):
    """Why there is none: this is what the others would look like."""
    it = applied(WAYS["forced"], BLUE_GREEN)
    it.release("1.0.0", selectors=True)
    first = it.reaches("Healthy")
    it.judge.verdict = "REGRESSED"
    assert it.release("1.1.0", selectors=True)
    it.eventually(lambda: it.status().get("stableRS") not in (None, first))
    bad = it.reaches("Healthy")
    assert bad != first
    assert it.judged(bad) == []
