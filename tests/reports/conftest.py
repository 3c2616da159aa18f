"""A verdict with every kind of judgement."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mlci.records.judgement import Judgement, Limit, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.records.rule import Ruling
from mlci.records.verdict import PolicyId, ReleaseId, Verdict
from mlci.records.waiver import Waived

DIGEST = "sha256:" + "0" * 64
VERDICTS = sorted((Path(__file__).parent / "verdicts").glob("*.json"))


def make_judgement(
    name: str,
    outcome: str = "PASS",
    *,
    metric: str = "accuracy",
    kind: str = "minimum",
    limit: float = 0.85,
    required: bool = True,
    cut: dict[str, Any] | None = None,
    **fields: Any,
) -> Judgement:
    defaults = {
        "reason": "shown",
        "estimate": 0.8612,
        "interval": (0.8565, 0.8657),
        "n": 16281,
        "detectable": 0.0068,
        "needed": 4321,
        "details": {"groups": [{"group": "Female", "rate": 0.1}]},
    }
    return Judgement(
        planned=Planned(
            id=name,
            policy="staging",
            gate="accuracy",
            metric=metric,
            limit=Limit(kind=LimitKind(kind), value=limit),
            required=required,
            confidence=0.95,
            slice=cut,
        ),
        outcome=Outcome(outcome),
        **{**defaults, **fields},
    )


def make_verdict(*judgements: Judgement, outcome: str = "PASS", **fields: Any) -> Verdict:
    release = ReleaseId(
        model="income",
        environment="staging",
        version="1.5.0",
        path="releases/income/staging.yaml",
        digest=DIGEST,
        model_digest=DIGEST,
    )
    defaults: dict[str, Any] = {
        "admits": outcome == "PASS",
        "release": release,
        "champion": None,
        "policies": (PolicyId(name="staging", path="p.yaml", commit="c", digest=DIGEST),),
        "evaluation": ("adult-2026", DIGEST),
        "started": "2026-01-01T00:00:00.000Z",
        "finished": "2026-01-01T00:00:10.000Z",
        "versions": {"mlci": "0.1.0"},
    }
    return Verdict(outcome=Outcome(outcome), judgements=judgements, **{**defaults, **fields})


@pytest.fixture(scope="session")
def judgement() -> Callable[..., Judgement]:
    return make_judgement


@pytest.fixture(scope="session")
def verdict() -> Callable[..., Verdict]:
    return make_verdict


@pytest.fixture(scope="session")
def documents() -> Mapping[str, Any]:
    """Real verdicts by name: of the demo's releases, as make_verdicts.py makes them, and one from
    before reports had places."""
    return {each.stem: json.loads(each.read_text(encoding="utf-8")) for each in VERDICTS}


@pytest.fixture(scope="session", params=[each.stem for each in VERDICTS])
def real(request: pytest.FixtureRequest, documents: Mapping[str, Any]) -> Any:
    return documents[request.param]


@pytest.fixture(scope="session")
def waived() -> Waived:
    return Waived(
        policy="staging",
        gate="accuracy",
        reason="known and small",
        approver="Ann",
        expires=date(2026, 12, 1),
    )


@pytest.fixture(scope="session")
def ruling() -> Callable[..., Ruling]:
    def make(name: str, outcome: str = "PASS") -> Ruling:
        return Ruling(
            id=f"staging/rules/{name}",
            policy="staging",
            control="ISO 42001 A.6",
            title=f"Rule {name}",
            outcome=Outcome(outcome),
            reason="" if outcome == "PASS" else "it is false",
        )

    return make
