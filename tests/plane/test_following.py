"""The eyes on a real API server: what is seen, what may be missed, and what is said of it."""

import json
import signal
import sys
import time

import pytest

from mlci.delivery.argo import access
from mlci.delivery.argo.answers import Refused
from mlci.delivery.argo.cluster import connect
from mlci.delivery.argo.collection import Patience
from mlci.delivery.argo.following import Follower
from mlci.errors import Broken
from mlci.records.argo import read_argo
from mlci.records.live import AnalysisKind
from mlci.render.agent import NAME, agent_objects

pytestmark = [pytest.mark.journey, pytest.mark.plane]


@pytest.fixture
def follower(cluster):
    follower = Follower(cluster, Patience(watch=2, silence=1))
    follower.start()
    yield follower
    follower.close()


def _shown(follower, name="income"):
    return follower.live().rollouts.get(name)


def test_a_canary_its_analyses_and_its_end_are_followed(
    plane, namespace, follower, followed, judge, eventually
):
    steps = [{"setWeight": 50}, {"analysis": followed.asking("verdict")}]
    others = followed.rollout("other", "1.0.0", steps=[])
    del others["metadata"]["labels"]
    first = followed.rollout("income", "1.0.0", steps=steps)
    plane.apply(namespace, others, followed.analysis("verdict", judge.url), first)
    eventually(lambda: (seen := _shown(follower)) and seen.promoted)
    assert _shown(follower).first

    judge.verdict = "NOT YET"
    follower.changed.clear()
    plane.apply(namespace, followed.rollout("income", "1.1.0", steps=steps))
    assert follower.changed.wait(10)

    def measured():
        runs = follower.live().analyses.get("income", ())
        return runs if runs and runs[0].metrics and runs[0].metrics[0].value else None

    [run] = eventually(measured)
    seen = _shown(follower)
    assert (run.kind, run.step, run.phase) == (AnalysisKind.STEP, 1, "Running")
    assert run.metrics[0].value == '"NOT YET"'
    assert run.template_hash == seen.current_hash != seen.stable_hash
    assert seen.digests == (followed.DIGEST,)
    assert not seen.promoted
    assert not seen.first

    judge.verdict = "HEALTHY"
    eventually(lambda: _shown(follower).promoted)
    live = follower.live()
    assert set(live.rollouts) == {"income"}
    assert live.trouble == ""
    assert live.unread == {}
    assert live.event_at <= time.monotonic()

    plane.kubectl("delete", "rollout", "income", "--namespace", namespace)
    eventually(lambda: _shown(follower) is None)


def test_what_cannot_be_read_is_named_and_hides_nothing_else(
    plane, namespace, follower, followed, eventually
):
    strange = followed.rollout("strange", "1.0.0")
    del strange["spec"]["template"]
    strange["spec"]["workloadRef"] = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
    plane.apply(namespace, strange, followed.rollout("income", "1.0.0"))
    eventually(lambda: _shown(follower) and "strange" in follower.live().unread)
    live = follower.live()
    assert "Rollout strange: no template" in live.unread["strange"]
    assert set(live.rollouts) == {"income"}
    assert live.trouble == ""


def test_following_goes_on_when_the_api_server_was_killed(
    plane, namespace, follower, followed, eventually
):
    plane.apply(namespace, followed.rollout("income", "1.0.0"))
    before = eventually(lambda: (seen := _shown(follower)) and seen.promoted and seen)
    server = plane.part("kube-apiserver")
    server.send_signal(signal.SIGKILL)
    server.wait()
    trouble = eventually(lambda: follower.live().trouble)
    assert "expected an answer of the Kubernetes API server" in trouble
    assert _shown(follower) == before

    def applied():
        try:
            plane.apply(namespace, followed.rollout("income", "1.1.0"))
        except AssertionError:
            return False
        return True

    eventually(applied)
    eventually(lambda: _shown(follower).paused_for)
    eventually(lambda: follower.live().trouble == "")


def test_a_stalled_api_server_is_noticed_and_healed(
    plane, namespace, follower, followed, eventually
):
    plane.apply(namespace, followed.rollout("income", "1.0.0"))
    eventually(lambda: (seen := _shown(follower)) and seen.promoted)
    server = plane.part("kube-apiserver")
    server.send_signal(signal.SIGSTOP)
    try:
        trouble = eventually(lambda: follower.live().trouble)
        seen_until = follower.live().read_at
        assert "timed out" in trouble
    finally:
        server.send_signal(signal.SIGCONT)
    eventually(lambda: follower.live().trouble == "")
    assert follower.live().read_at > seen_until
    plane.apply(namespace, followed.rollout("income", "1.1.0"))
    eventually(lambda: _shown(follower).paused_for)


def test_a_version_that_is_too_old_is_gone(cluster):
    with pytest.raises(Refused) as caught:
        list(cluster.watch(cluster.rollouts, seconds=5, silence=1, resourceVersion="1"))
    assert caught.value.code == 410


def test_the_namespaces_uid_tells_the_cluster(plane, namespace, cluster):
    said = plane.kubectl("get", "namespace", namespace, "-o", "jsonpath={.metadata.uid}")
    assert cluster.identity == said
    assert connect("default", plane.kubeconfig).identity != said


def _as_the_agent(plane, namespace, folder):
    """What the rendered Role permits."""
    token = plane.kubectl("create", "token", NAME, "--namespace", namespace).strip()
    config = json.loads(
        plane.kubectl("config", "view", "--raw", "--output", "json")
    )  # as the plane's own, with another token
    config["users"][0]["user"] = {"token": token}
    file = folder / "kubeconfig"
    file.write_text(json.dumps(config))
    return connect(namespace, file)


def _rendered(namespace):
    """The agent's account and what it may do."""
    said = {"namespace": namespace, "image": "mlci@sha256:" + "d" * 64, "repository": "x"}
    found = agent_objects("production", read_argo({"argo": said}))
    return [each for each in found if each["kind"] in ("Role", "RoleBinding", "ServiceAccount")]


def test_in_a_pod_the_service_account_is_the_way_in(running_pods, namespace, eventually):
    code = (
        "from mlci.delivery.argo import access, cluster\n"
        f"found = cluster.connect({namespace!r})\n"
        "access.check(found)\n"
        "print(found.identity)"
    )
    container = {"name": "agent", "image": "any", "command": [sys.executable, "-c", code]}
    spec = {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": True,
        "restartPolicy": "Never",
        "containers": [container],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "agent"}, "spec": spec}
    running_pods.apply(namespace, *_rendered(namespace), pod)
    cluster = connect(namespace, running_pods.kubeconfig)
    path = f"/api/v1/namespaces/{namespace}/pods/agent"
    eventually(lambda: cluster.get(path)["status"].get("phase") in ("Succeeded", "Failed"))
    log = running_pods.folder / f"logs/pods/{namespace}_agent_agent.log"
    assert log.read_text().strip() == cluster.identity
    cluster.close()


def test_the_rendered_role_suffices_and_what_it_lacks_is_named(plane, namespace, tmp_path):
    rendered = _rendered(namespace)
    plane.apply(namespace, *rendered)
    cluster = _as_the_agent(plane, namespace, tmp_path)
    access.check(cluster)
    assert cluster.identity

    [role] = [each for each in rendered if each["kind"] == "Role"]
    for rule in role["rules"]:
        if rule["resources"] == ["rollouts/status"]:
            rule["verbs"] = ["get"]
        if rule["resources"] == ["configmaps"]:
            rule["verbs"].remove("create")
    plane.apply(namespace, role)
    with pytest.raises(Broken) as caught:
        access.check(cluster)
    assert caught.value.found == "no right to patch rollouts/status, create configmaps"
    cluster.close()


def test_without_the_kinds_of_argo_rollouts(plane_programs, tmp_path, launch, eventually):
    with (
        launch(plane_programs, tmp_path, "--pods", "report") as plane,
        plane.inside(),
    ):
        cluster = connect("default", plane.kubeconfig)
        access.check(cluster)
        kinds = ("analysisruns", "rollouts", "analysistemplates", "clusteranalysistemplates")

        def said():
            try:
                access.check(cluster)
            except Broken as error:
                return error.found
            return ""

        plane.kubectl("delete", "crd", "analysisruns.argoproj.io")
        eventually(lambda: said() == "no kind analysisruns in argoproj.io/v1alpha1")
        for kind in (*kinds[1:], "experiments"):
            plane.kubectl("delete", "crd", f"{kind}.argoproj.io")
        eventually(lambda: said() == "Argo Rollouts isn't installed: no API group argoproj.io")
        cluster.close()
