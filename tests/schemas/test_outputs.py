"""What mlci writes for machines fits the schemas that it prints."""

import json

import pytest
from jsonschema import Draft202012Validator

from mlci import schemas
from mlci.records.delivery import Blob, DeliveryRecord, State, to_json_bytes
from mlci.records.judgement import Judgement, Limit, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.records.verdict import PolicyId, ReleaseId, Verdict
from mlci.reports.json import to_json

DIGEST = f"sha256:{'a' * 64}"
OID = "b" * 40


def _delivery(**fields):
    return DeliveryRecord(
        seq=1,
        delivery="c" * 64,
        state=State.HEALTHY,
        environment="production",
        model="income",
        version="1.5.0",
        manifest_digest=DIGEST,
        model_digest=DIGEST,
        commit=OID,
        reason="relative evidence",
        time="2026-01-31T10:20:30Z",
        by="agent",
        **fields,
    )


def _verdict(**fields):
    release = ReleaseId(
        model="income",
        environment="production",
        version="1.5.0",
        path="releases/income/production.yaml",
        digest=DIGEST,
        model_digest=DIGEST,
    )
    planned = Planned(
        id="production/accuracy/roc_auc/minimum",
        policy="production",
        gate="accuracy",
        metric="roc_auc",
        limit=Limit(kind=LimitKind.MINIMUM, value=0.9),
        required=True,
        confidence=0.95,
    )
    judgement = {
        "planned": planned,
        "outcome": Outcome.PASS,
        "reason": "the lower bound is above the limit",
        "estimate": 0.93,
        "interval": (0.92, 0.94),
        "n": 16281,
        "details": {"positives": 3846},
    }
    return Verdict(
        outcome=Outcome.PASS,
        admits=True,
        release=release,
        champion=None,
        policies=(
            PolicyId(name="production", path="policies/production.yaml", commit=OID, digest=DIGEST),
        ),
        evaluation=("adult-2026", DIGEST),
        judgements=(Judgement(**judgement | fields),),
        started="2026-01-31T10:20:30Z",
        finished="2026-01-31T10:21:30.5Z",
        versions={"mlci": "0.1.0"},
    )


def _wrong(schema, document):
    return [
        error.message for error in Draft202012Validator(schemas.read(schema)).iter_errors(document)
    ]


def test_a_delivery_record():
    blob = Blob(path="releases/income/production.yaml", mode="100644", oid=OID)
    full = _delivery(previous="d" * 64, verdict="v", paths=(blob,), evidence={"errors": -1.5})
    assert _wrong("delivery", json.loads(to_json_bytes(full))) == []
    assert _wrong("delivery", json.loads(to_json_bytes(_delivery()))) == []


def test_a_delivery_record_with_a_key_more():
    assert _wrong("delivery", json.loads(to_json_bytes(_delivery())) | {"extra": 1})


def test_a_verdict():
    assert _wrong("verdict", to_json(_verdict())) == []


def test_a_verdict_without_a_number():
    error = _verdict(outcome=Outcome.ERROR, estimate=None, interval=None, n=0)
    assert _wrong("verdict", to_json(error)) == []


@pytest.mark.parametrize("key", ["outcome", "admits", "release", "judgements", "versions"])
def test_a_verdict_with_a_key_less(key):
    document = to_json(_verdict())
    del document[key]
    assert _wrong("verdict", document)


def test_no_number_stands_without_its_interval():
    assert _wrong("verdict", to_json(_verdict(interval=None)))
