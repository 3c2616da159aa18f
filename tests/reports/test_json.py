"""verdict.json: the contract's form, there and back, and nothing that is not finite."""

import importlib.resources
import json
import math
from dataclasses import replace

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.errors import Broken
from mlci.reports.json import dumps, from_json, loads, to_json

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture(scope="session")
def schema():
    text = importlib.resources.files("mlci.schemas").joinpath("verdict.json").read_text()
    return jsonschema.Draft202012Validator(json.loads(text))


@pytest.fixture(scope="session")
def whole(judgement, verdict):
    made = verdict(
        judgement("staging/accuracy/accuracy/minimum"),
        judgement("staging/f/selection_rate/margin/sex+race", "FAIL", kind="margin",
                  cut={"by": ["sex", "race"]}),
        judgement("staging/accuracy/f1/minimum", "ERROR", estimate=None, interval=None, n=0,
                  detectable=None, needed=None, details={}),
        outcome="FAIL",
    )  # fmt: skip
    return replace(made, champion=replace(made.release, version="1.4.0"))


def test_the_form_is_the_contracts(whole, schema):
    document = to_json(whole)
    schema.validate(document)
    assert list(document) == [
        "apiVersion", "kind", "outcome", "admits", "release", "champion", "policies",
        "evaluation", "judgements", "started", "finished", "versions",
    ]  # fmt: skip
    assert document["champion"]["version"] == "1.4.0"
    assert document["judgements"][0] == {
        "id": "staging/accuracy/accuracy/minimum",
        "policy": "staging",
        "gate": "accuracy",
        "metric": "accuracy",
        "slice": None,
        "outcome": "PASS",
        "required": True,
        "waived": None,
        "reason": "shown",
        "estimate": 0.8612,
        "interval": [0.8565, 0.8657],
        "confidence": 0.95,
        "n": 16281,
        "limit": {"kind": "minimum", "value": 0.85},
        "detectable": 0.0068,
        "needed": 4321,
        "details": {"groups": [{"group": "Female", "rate": 0.1}]},
    }
    assert document["judgements"][1]["slice"] == {"by": ["sex", "race"]}


def test_a_way_back_says_why_it_admits_without_judgements(verdict, schema):
    made = verdict(reason="admitted on its record")
    schema.validate(to_json(made))
    assert from_json(to_json(made), "v").reason == "admitted on its record"


def test_there_and_back(whole):
    assert loads(dumps(whole), "v.json") == whole
    assert dumps(loads(dumps(whole).encode(), "v.json")) == dumps(whole)
    assert dumps(whole).endswith("}\n")


@given(estimate=finite, low=finite, high=finite, n=st.integers(0, 10**9), reason=st.text())
def test_any_finite_judgement_comes_back(judgement, verdict, estimate, low, high, n, reason):
    made = verdict(judgement("a", estimate=estimate, interval=(low, high), n=n, reason=reason))
    assert loads(dumps(made), "v") == made


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
@pytest.mark.parametrize(
    "fields",
    [
        lambda x: {"estimate": x},
        lambda x: {"interval": (x, 1.0)},
        lambda x: {"details": {"deep": [{"x": x}]}},
    ],
)
def test_what_is_not_finite_is_never_written(judgement, verdict, fields, wrong):
    with pytest.raises(ValueError, match=r"verdict.judgements\[0\].*is (nan|inf)"):
        to_json(verdict(judgement("a", **fields(wrong))))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", "no JSON"),
        ('{"a": NaN}', "NaN"),
        ("[]", "TypeError"),
        ("{}", "apiVersion"),
        ('{"apiVersion": "mlci.dev/v1", "kind": "Project"}', "Project"),
    ],
)
def test_another_text_is_refused_with_its_place(text, found):
    with pytest.raises(Broken) as caught:
        loads(text, "records:verdicts/x.json")
    assert "records:verdicts/x.json" in str(caught.value)
    assert found in str(caught.value)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.pop("champion"),
        lambda d: d.update(outcome="GOOD"),
        lambda d: d.update(admits="false"),
        lambda d: d["judgements"][0].pop("n"),
        lambda d: d["judgements"][0].update(required="false"),
        lambda d: d["judgements"][0].update(interval=[1.0]),
        lambda d: d["judgements"][0]["limit"].update(kind="least"),
        lambda d: d["policies"][0].update(extra=1),
        lambda d: d["judgements"][0].update(estimate=math.inf),
    ],
)
def test_a_spoilt_document_is_refused(whole, spoil):
    document = json.loads(dumps(whole))
    spoil(document)
    with pytest.raises(Broken, match="a verdict as mlci writes it"):
        from_json(document, "v")
