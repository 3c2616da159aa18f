"""What a cluster, its analyses and the records say, made of plain values."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from mlci.records.answer import Answer
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.live import AnalysisKind, LiveAnalysis, LiveMetric, LiveRollout
from mlci.records.notice import Notice
from mlci.records.policy import Watch
from mlci.records.traffic import ArmCounts, Scrape
from mlci.render.template import template_digest

MANIFEST = "sha256:" + "a" * 64
NEW, OLD = "5f6d", "77c1"


def template(image: str = "server", digest: str = "") -> dict[str, Any]:
    """A pod template whose first init container asks for the admission of ``digest``."""
    first = {"name": "admitted", "args": ["admitted", "--template", digest, "--admissions", "/a"]}
    spec = {"initContainers": [first], "containers": [{"name": "server", "image": image}]}
    return {"metadata": {"labels": {"mlci.dev/model": "income"}}, "spec": spec}


def rollout(**said: Any) -> LiveRollout:
    """A canary in its first step, with something else said of it."""
    moving = {
        "name": "income",
        "uid": "u",
        "version": "1",
        "settled": True,
        "template": template(),
        "digests": (MANIFEST,),
        "revision": 2,
        "current_hash": NEW,
        "stable_hash": OLD,
        "phase": "Progressing",
        "message": "more replicas need to be updated",
        "aborted": False,
        "aborted_at": "",
        "step": 0,
        "steps": ({"setWeight": 5}, {"pause": {}}, {"setWeight": 50}),
        "paused_for": (),
        "controller_paused": False,
        "spec_paused": False,
        "invalid": "",
        "late": False,
        "weights": None,
        "blue_green": False,
        "active_hash": "",
        "preview_hash": "",
        "available": 4,
        "desired": 4,
    }
    return LiveRollout(**{**moving, **said})


def analysis(
    phase: str, *, kind: str = "Step", of: str = NEW, metric: str = "verdict", value: str = ""
) -> LiveAnalysis:
    return LiveAnalysis(
        name=f"income-{kind.lower()}",
        rollout="income",
        template_hash=of,
        kind=AnalysisKind(kind),
        step=None,
        phase=phase,
        message="",
        started_at="",
        metrics=(LiveMetric(name=metric, phase=phase, value=value, message=""),),
    )


def record(state: State = State.ADMITTED, **said: Any) -> DeliveryRecord:
    known = {
        "seq": 1,
        "delivery": "d" * 64,
        "state": state,
        "environment": "production",
        "model": "income",
        "version": "2.0.0",
        "manifest_digest": MANIFEST,
        "model_digest": "sha256:" + "b" * 64,
        "commit": "c" * 40,
        "reason": "for a reason",
        "time": "",
        "by": "test",
    }
    return DeliveryRecord(**{**known, **said})


def notice(outcome: Answer = Answer.WATCHING, **said: Any) -> Notice:
    known = {"reason": "PASS", "delivery": "d" * 64, "since": 100.0, "started": 100.0}
    return Notice(outcome=outcome, **{**known, **said})


def looks(count: int, *, failing: int, watch: Watch = Watch()) -> list[Scrape]:  # noqa: B008
    """A canary that gets 50 requests a look, of which ``failing`` fail, beside a stable arm that
    gets 450 and fails none."""

    def arm(sent: int, failed: int) -> ArmCounts:
        return ArmCounts(
            started=sent,
            ended=sent,
            completed=sent,
            failed=failed,
            active=0,
            buckets=tuple((edge, sent - failed) for edge in watch.latency),
            codes={200: sent - failed, 500: failed},
        )

    return [
        Scrape(time=15.0 * k, arms={NEW: arm(50 * k, failing * k), OLD: arm(450 * k, 0)})
        for k in range(count)
    ]


@pytest.fixture(scope="session")
def says() -> SimpleNamespace:
    """The makers, and the names that they use."""
    return SimpleNamespace(
        analysis=analysis,
        digest=template_digest(template()),
        looks=looks,
        manifest=MANIFEST,
        new=NEW,
        notice=notice,
        old=OLD,
        record=record,
        rollout=rollout,
        template=template,
    )


RELEASE = "releases/income/production.yaml"
IMAGE = "registry/mlci@sha256:" + "d" * 64


@pytest.fixture
def rendered(world: Any) -> Callable[..., Any]:
    """A merged release for Argo with its bundle, in a real repository."""

    def make(**said: str) -> Any:
        argo = json.dumps({"namespace": "models", "image": IMAGE, **said})
        project = (world.path / "mlci.yaml").read_text()
        text = (world.path / RELEASE).read_text().replace("uri: models", "uri: s3://models")
        text += f'  serving: {{image: "{IMAGE}"}}\n'
        engine = f"{{argo: {argo}}}"
        project = project.replace("{local: {port: 8082}}", engine)
        world.write({"mlci.yaml": project, RELEASE: text})
        assert world.run("render").code == 0
        world.merge({})
        return world

    return make
