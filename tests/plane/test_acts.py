"""The hand on the real controller, which may lose what is written while it writes itself."""

import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mlci.delivery.argo import acts, writing
from mlci.delivery.argo.admissions import admissions, admit
from mlci.delivery.argo.reading import read_rollout
from mlci.errors import Broken, Conflict
from mlci.records.answer import Answer
from mlci.records.live import PauseReason
from mlci.records.notice import Notice

pytestmark = [pytest.mark.journey, pytest.mark.plane]

TEMPLATE = "a" * 64
HELD = Notice(outcome=Answer.HELD, reason="not yet", delivery="d")
ADMITTED = Notice(outcome=Answer.WATCHING, reason="verdict PASS", delivery="d", since=1.5)


class Canary:
    """A Rollout in the test's namespace."""

    def __init__(self, plane, cluster, followed, eventually):
        self.plane = plane
        self.cluster = cluster
        self._followed = followed
        self._eventually = eventually

    @property
    def now(self):
        return read_rollout(self.document)

    @property
    def document(self):
        return self.cluster.get(f"{self.cluster.rollouts}/income")

    @property
    def touched(self):
        return self.document["metadata"].get("annotations", {}).get(writing.TOUCHED)

    def ask_for(self, version, **how):
        rollout = self._followed.rollout("income", version, **how)
        self.plane.apply(self.cluster.namespace, rollout)

    def until(self, holds):
        def seen():
            now = self.now
            return now if now.settled and holds(now) else None

        return self._eventually(seen)

    def quiet(self):
        """Once the controller has written what it had to write."""

        def seen():
            before = self.now
            time.sleep(2)
            return before if self.now.version == before.version else None

        return self._eventually(seen)

    def paused(self, version, **how):
        """At its first pause."""
        self.ask_for(version, **how)
        return self.until(lambda now: now.paused_for and now.current_hash != now.stable_hash)


@pytest.fixture
def canary(plane, cluster, followed, eventually):
    canary = Canary(plane, cluster, followed, eventually)
    canary.ask_for("1.0.0")
    canary.until(lambda now: now.promoted)
    return canary


@pytest.fixture
def controller(plane):
    """Argo Rollouts, which goes on after the test whatever happens in it."""
    process = plane.part("rollouts-controller")
    yield process
    process.send_signal(signal.SIGCONT)


def test_past_each_pause_to_the_end(canary):
    first = canary.paused("1.1.0")
    second = acts.advance(canary.cluster, first)
    assert second.step > first.step
    assert acts.advance(canary.cluster, first).step >= second.step, "not a second time"
    second = canary.until(lambda now: now.paused_for)
    assert second.step == 3
    acts.advance(canary.cluster, second)
    canary.until(lambda now: now.promoted)


def test_aborted_it_is_tried_again_from_the_first_step(canary):
    seen = canary.paused("1.1.0")
    aborted = acts.abort(canary.cluster, seen)
    assert aborted.aborted
    assert aborted.aborted_at
    assert aborted.phase == "Degraded"
    version = canary.quiet().version
    assert acts.abort(canary.cluster, seen).version == version, "nothing is written again"
    again = acts.retry(canary.cluster, aborted)
    assert not again.aborted
    assert canary.until(lambda now: now.paused_for).step == 1


def test_a_blue_green_preview_becomes_active(plane, namespace, canary, followed):
    plane.kubectl("delete", "rollout", "income", "--namespace", namespace)
    plane.apply(namespace, followed.service("active"), followed.service("preview"))
    how = {"activeService": "active", "previewService": "preview", "autoPromotionEnabled": False}
    canary.ask_for("1.0.0", **how)
    canary.until(lambda now: now.promoted)
    seen = canary.paused("1.1.0", **how)
    assert seen.paused_for == (PauseReason.BLUE_GREEN,)
    switched = acts.promote(canary.cluster, seen)
    assert switched.active_hash == seen.current_hash != seen.active_hash
    assert acts.promote(canary.cluster, seen).active_hash == seen.current_hash


def test_what_has_no_place_there_is_refused_and_nothing_is_written(canary):
    promoted = canary.now
    with pytest.raises(Conflict, match="can't abort: nothing else is stable"):
        acts.abort(canary.cluster, promoted)
    with pytest.raises(Conflict, match="can't go on: it isn't paused for CanaryPauseStep"):
        acts.advance(canary.cluster, promoted)
    with pytest.raises(Conflict, match="can't promote: it isn't paused for BlueGreenPause"):
        acts.promote(canary.cluster, promoted)
    assert canary.now.version == promoted.version
    seen = canary.paused("1.1.0")
    acts.abort(canary.cluster, seen)
    with pytest.raises(Conflict, match="it is aborted"):
        acts.advance(canary.cluster, canary.now)


def test_another_template_another_object_or_none_is_a_conflict(canary, eventually):
    seen = canary.paused("1.1.0")
    later = canary.paused("1.2.0")
    eventually(lambda: canary.now.current_hash != seen.current_hash)
    with pytest.raises(Conflict, match="by now"):
        acts.abort(canary.cluster, seen)
    assert not canary.now.aborted
    later = canary.now
    delete = ("delete", "rollout", "income", "--namespace", canary.cluster.namespace)
    canary.plane.kubectl(*delete)
    with pytest.raises(Conflict, match="it is gone"):
        acts.abort(canary.cluster, later)
    canary.ask_for("1.2.0")
    with pytest.raises(Conflict, match="made anew"):
        acts.abort(canary.cluster, later)


def test_a_spec_that_the_controller_has_not_seen_is_a_conflict(canary, controller):
    seen = canary.paused("1.1.0")
    time.sleep(1.5)  # in the middle of a write of its own it would lose the new spec
    controller.send_signal(signal.SIGSTOP)
    canary.ask_for("1.2.0")
    with pytest.raises(Conflict, match="hasn't seen it yet"):
        acts.abort(canary.cluster, seen)
    controller.send_signal(signal.SIGCONT)
    canary.until(lambda now: now.paused_for and now.current_hash != seen.current_hash)
    assert not canary.now.aborted


def test_an_abort_right_after_the_controllers_own_write_has_its_effect(
    canary, monkeypatch, eventually
):
    """Ten times, and without the wait for quiet that makes a loss rare."""
    monkeypatch.setattr(writing, "QUIET", 0.0)
    for attempt in range(10):
        before = canary.now
        changes = canary.cluster.watch(
            canary.cluster.rollouts, seconds=30, silence=5, resourceVersion=before.version
        )
        canary.ask_for(f"2.0.{attempt}")
        events = (read_rollout(event["object"]) for event in changes)
        fresh = (seen for seen in events if seen.current_hash != before.current_hash)
        seen = next(seen for seen in fresh if seen.settled and seen.paused_for)
        aborted = acts.abort(canary.cluster, seen)
        assert aborted.aborted
        assert aborted.aborted_at
        changes.stop()
        assert canary.until(lambda now: now.phase == "Degraded").message.startswith(
            "RolloutAborted"
        )


def test_a_write_without_an_effect_is_brought_back_by_a_touch(canary, controller, eventually):
    seen = canary.paused("1.1.0")
    controller.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        aborting = pool.submit(acts.abort, canary.cluster, seen)
        eventually(lambda: canary.now.aborted)
        eventually(lambda: canary.touched)
        assert not aborting.done()
        assert not canary.now.aborted_at
        controller.send_signal(signal.SIGCONT)
        assert aborting.result(timeout=60).aborted_at


def test_a_controller_that_does_not_act_is_said(canary, controller, monkeypatch):
    monkeypatch.setattr(writing, "LIMIT", 4.0)
    seen = canary.paused("1.1.0")
    controller.send_signal(signal.SIGSTOP)
    with pytest.raises(Broken, match="abort has had no effect within 4 s"):
        acts.abort(canary.cluster, seen)


def test_an_api_server_that_is_killed_in_the_middle_changes_nothing(canary):
    seen = canary.paused("1.1.0")
    with ThreadPoolExecutor(1) as pool:
        aborting = pool.submit(acts.abort, canary.cluster, seen)
        time.sleep(0.3)
        canary.plane.part("kube-apiserver").kill()
        assert aborting.result(timeout=60).aborted_at


def test_two_hands_at_once_are_one(canary):
    seen = canary.paused("1.1.0")
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: acts.advance(canary.cluster, seen), range(4)))
    assert {each.uid for each in ended} == {seen.uid}
    assert canary.until(lambda now: now.paused_for).step == 3


def test_admissions_are_created_changed_and_read_back(plane, cluster):
    how = {"environment": "production", "model": "income", "template_digest": TEMPLATE}
    assert admissions(cluster, "income") == {}
    assert admit(cluster, **how, notice=HELD)
    assert not admit(cluster, **how, notice=HELD)
    assert admit(cluster, **how, notice=ADMITTED)
    assert admit(cluster, **how | {"template_digest": "b" * 64}, notice=HELD)
    assert admissions(cluster, "income") == {TEMPLATE: ADMITTED, "b" * 64: HELD}
    found = cluster.get(f"{cluster.configmaps}/income-admissions")["metadata"]
    assert found["labels"]["mlci.dev/model"] == "income"
    assert not admit(cluster, **how, notice=ADMITTED)
    again = cluster.get(f"{cluster.configmaps}/income-admissions")["metadata"]
    assert again["resourceVersion"] == found["resourceVersion"]


def test_admissions_of_many_at_once_are_all_there(cluster):
    def leave(number):
        key = f"{number:064x}"
        return admit(cluster, environment="production", model="m", template_digest=key, notice=HELD)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(leave, range(16)))
    assert len(admissions(cluster, "m")) == 16


def test_what_is_no_notice_is_not_one(plane, cluster):
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "income-admissions"},
        "data": {TEMPLATE: "WATCHING", "b" * 64: '{"outcome": "GOOD"}'},
    }
    plane.apply(cluster.namespace, config)
    assert admissions(cluster, "income") == {}


def test_a_pod_starts_once_its_admission_is_there(running_pods, cluster, eventually):
    """The ConfigMap doesn't exist when the pod is made; then it says HELD."""
    waits = ["-m", "mlci", "admitted", "--template", TEMPLATE, "--admissions", "/mlci/admissions"]
    running_pods.images(mlci=[sys.executable])
    volume = {"name": "a", "configMap": {"name": "income-admissions", "optional": True}}
    mount = {"name": "a", "mountPath": "/mlci/admissions", "readOnly": True}
    spec = {
        "terminationGracePeriodSeconds": 1,
        "volumes": [volume],
        "initContainers": [
            {"name": "admitted", "image": "mlci", "args": waits, "volumeMounts": [mount]}
        ],
        "containers": [{"name": "model", "image": "any", "command": ["sleep", "3600"]}],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "income"}, "spec": spec}
    running_pods.apply(cluster.namespace, pod)
    path = f"/api/v1/namespaces/{cluster.namespace}/pods/income"
    log = running_pods.folder / f"logs/pods/{cluster.namespace}_income_admitted.log"

    def phase():
        return cluster.get(path)["status"].get("phase")

    eventually(lambda: log.exists() and "no admission yet" in log.read_text())
    how = {"environment": "production", "model": "income", "template_digest": TEMPLATE}
    admit(cluster, **how, notice=HELD)
    eventually(lambda: "waiting: HELD: not yet" in log.read_text())
    assert phase() == "Pending"
    admit(cluster, **how, notice=ADMITTED)
    eventually(lambda: phase() == "Running")
    assert "WATCHING: verdict PASS" in log.read_text()
