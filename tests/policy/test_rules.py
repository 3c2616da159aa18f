"""Rules over release, verdict and governance, as the judgements leave them."""

from dataclasses import replace

import pytest

from mlci.expressions.shape import shapes
from mlci.policy.rules import data, planned, rule_on
from mlci.records.policy import GatePolicy, Watch
from mlci.records.release import Model, Release, Step
from mlci.records.rule import Rule
from mlci.records.source import Source

DIGEST = "sha256:" + "0" * 64
SOURCE = Source(path="p.yaml", digest=DIGEST, content=b"", places={})
RELEASE = Release(
    source=SOURCE,
    name="income",
    environment="production",
    version="1.0.0",
    task="binary-classification",
    model=Model(uri="m.onnx", digest=DIGEST, format="onnx"),
    evaluation="adult-2026",
    replicas=2,
    steps=(Step(weight=5, bake=120.0),),
    lineage={"code": {"repository": "r", "commit": "abc"}},
    governance={"owner": "credit-team"},
)
NAMED = {"model": "income", "environment": "production", "version": "1.0.0"}
JUDGED = {
    "id": "p/accuracy/f1/minimum",
    "gate": "accuracy",
    "outcome": "PASS",
    "estimate": 0.9,
    "interval": [0.88, 0.92],
    "n": 500,
    "waived": None,
    "details": {"groups": [None, {"rate": 0.1}]},
}
VERDICT = {
    "outcome": "PASS",
    "release": {**NAMED, "path": "x.yaml", "digest": DIGEST, "modelDigest": DIGEST},
    "champion": None,
    "evaluation": {"name": "adult-2026", "digest": DIGEST},
    "judgements": [JUDGED, {**JUDGED, "estimate": None}],
}


def policy(*rules, name="p"):
    return GatePolicy(
        source=SOURCE,
        name=name,
        commit="c",
        environments=("*",),
        models=("*",),
        confidence=0.95,
        on_inconclusive="refuse",
        sources=("./",),
        evaluations=None,
        gates=(),
        watch=Watch(),
        rules=rules,
    )


def rule(name, expression, message="Mend it: ${name} `rm` {0} %s"):
    return Rule(id=name, control="C 1", title="T", expression=expression, message=message)


def test_each_rule_of_each_policy_has_its_ruling():
    policies = [
        policy(rule("a", "verdict.outcome == 'PASS'"), rule("b", "governance.riskTier <= 2")),
        policy(rule("a", "release.rollout.steps[0].bake > 300"), name="q"),
    ]
    rulings = rule_on(policies, RELEASE, VERDICT)
    assert [(each.id, each.outcome.value) for each in rulings] == [
        ("p/rules/a", "PASS"),
        ("p/rules/b", "ERROR"),
        ("q/rules/a", "FAIL"),
    ]
    assert tuple(each.id for each in rulings) == planned(policies)
    assert (rulings[0].control, rulings[0].title) == ("C 1", "T")
    assert "riskTier" in rulings[1].reason


def test_a_message_is_shown_as_it_is():
    failed = rule_on([policy(rule("a", "1 > 2"))], RELEASE, VERDICT)[0]
    assert failed.reason == "Mend it: ${name} `rm` {0} %s"


@pytest.mark.parametrize(
    ("expression", "outcome"),
    [
        ("verdict.judgements.all(j, j.estimate >= 0.8)", "ERROR"),  # one has none
        ("verdict.judgements.all(j, !(j.estimate < 0.8))", "ERROR"),
        ("verdict.judgements.all(j, j.estimate != 0.5)", "ERROR"),  # null would be another value
        ("verdict.judgements.exists(j, has(j.estimate) && j.interval[0] > 0.8)", "PASS"),
        ("verdict.champion.version != release.version", "ERROR"),
        ("has(verdict.champion)", "FAIL"),
        ("!has(release.lineage.training) && has(release.lineage.code.commit)", "PASS"),
        ("verdict.judgements.exists(j, has(j.waived))", "FAIL"),
        ("release.serving.replicas == 2 && release.evaluation == verdict.evaluation.name", "PASS"),
    ],
)
def test_what_is_not_there_is_an_error_unless_asked_for(expression, outcome):
    assert rule_on([policy(rule("a", expression))], RELEASE, VERDICT)[0].outcome == outcome


def test_a_number_that_is_not_finite_makes_every_rule_an_error():
    spoilt = {**VERDICT, "judgements": [{**JUDGED, "estimate": float("nan")}]}
    rulings = rule_on([policy(rule("a", "true"), rule("b", "1 > 2"))], RELEASE, spoilt)
    assert [each.outcome.value for each in rulings] == ["ERROR", "ERROR"]


def test_rules_see_no_name_that_the_checker_does_not_know():
    full = replace(RELEASE, governance={"owner": "o", "riskTier": 1, "change": "normal"})
    champion = {**VERDICT, "champion": VERDICT["release"]}
    _names_are_known(data(full, champion), shapes())


def _names_are_known(value, shape):
    if isinstance(value, list) and isinstance(shape, list):
        for each in value:
            _names_are_known(each, shape[0])
    elif isinstance(value, dict) and shape is not None:
        assert not value.keys() - shape.keys()
        for key, each in value.items():
            _names_are_known(each, shape[key])
