"""Which policies apply, which judgements they plan, and when there is nothing to hold on to."""

from dataclasses import replace

import pytest

from mlci.errors import BadInput, Undecided
from mlci.gates.registry import find
from mlci.policy.plan import applicable, comparable, groupings, plan
from mlci.records.policy import GatePolicy, GateSpec, Watch
from mlci.records.release import Model, Release
from mlci.records.source import Source


def source(path):
    places = {
        ("spec", "gates", 0): (7, 5),
        ("spec", "gates", 1): (9, 5),
        ("spec", "evaluation"): (4, 3),
    }
    return Source(path=path, digest="sha256:" + "0" * 64, content=b"", places=places)


def policy(name="p", environments=("production",), models=("*",), evaluations=None, gates=()):
    return GatePolicy(
        source=source(f"policies/{name}.yaml"),
        name=name,
        commit="c",
        environments=environments,
        models=models,
        confidence=0.95,
        on_inconclusive="refuse",
        sources=("./",),
        evaluations=evaluations,
        gates=tuple(gates),
        watch=Watch(),
    )


def gate(kind="accuracy", index=0, name=None, required=True, **parameters):
    return GateSpec(
        gate=kind,
        name=name or kind,
        index=index,
        required=required,
        confidence=0.95,
        parameters=parameters,
    )


RELEASE = Release(
    source=source("releases/income/production.yaml"),
    name="income",
    environment="production",
    version="1.0.0",
    task="binary-classification",
    model=Model(uri="m.onnx", digest="sha256:" + "1" * 64, format="onnx"),
    evaluation="adult-2026",
    replicas=1,
    steps=(),
)


@pytest.mark.parametrize(
    ("environments", "models", "applies"),
    [
        (("production",), ("*",), True),
        (("prod*",), ("inc*",), True),
        (("staging", "production"), ("other", "income"), True),
        (("staging",), ("*",), False),
        (("production",), ("other",), False),
        (("Production",), ("*",), False),
    ],
)
def test_a_policy_applies_by_environment_and_model(environments, models, applies):
    candidate = policy(environments=environments, models=models)
    if applies:
        assert applicable([candidate], RELEASE) == (candidate,)
    else:
        with pytest.raises(BadInput, match="no policy for model 'income' in 'production'"):
            applicable([candidate], RELEASE)


def test_all_policies_that_apply_hold():
    first, second, other = policy("a"), policy("b"), policy("c", environments=("staging",))
    assert applicable([first, other, second], RELEASE) == (first, second)
    with pytest.raises(BadInput) as caught:
        applicable([], RELEASE)
    assert caught.value.exit_code == 2


def test_the_exam_must_be_one_that_each_policy_permits():
    free, named = policy("a"), policy("b", evaluations=("adult-2026", "x"))
    assert applicable([free, named], RELEASE) == (free, named)
    with pytest.raises(
        BadInput, match=r"production.yaml:4:3: evaluation 'adult-2026'.*'c' permits: x"
    ):
        applicable([free, policy("c", evaluations=("x",))], RELEASE)


def test_a_model_is_not_compared_with_itself():
    other = replace(RELEASE, model=replace(RELEASE.model, digest="sha256:" + "2" * 64))
    assert comparable(RELEASE, other)
    assert not comparable(RELEASE, RELEASE)
    assert not comparable(RELEASE, None)


def test_judgements_of_all_policies_in_order():
    accuracy = gate(metric="f1", minimum=0.7, champion={"margin": 0.01}, slices=["age"])
    fairness = gate(
        "fairness", 1, metric="selection_rate", by=["sex", ["sex", "race"]], maximumDifference=0.1
    )
    policies = [policy("a", gates=[accuracy, fairness]), policy("b", gates=[accuracy])]
    planned = plan(policies, RELEASE, comparing=True, gate=find)
    ids = [each.id for each in planned]
    assert ids == [
        "a/accuracy/f1/minimum",
        "a/accuracy/f1/margin",
        "a/accuracy/f1/minimum/age",
        "a/accuracy/f1/margin/age",
        "a/fairness/selection_rate/maximumDifference/sex",
        "a/fairness/selection_rate/maximumDifference/sex+race",
        "b/accuracy/f1/minimum",
        "b/accuracy/f1/margin",
        "b/accuracy/f1/minimum/age",
        "b/accuracy/f1/margin/age",
    ]
    assert [each.gate_index for each in planned[:6]] == [0, 0, 0, 0, 1, 1]
    first = plan(policies, RELEASE, comparing=False, gate=find)
    assert [each.id for each in first] == [each for each in ids if "margin" not in each]
    assert [each.key for each in groupings(planned)] == ["age", "sex", "race"]


def test_two_judgements_of_one_id_are_refused_with_their_place():
    gates = [gate(metric="f1", minimum=0.7), gate(index=1, metric="f1", minimum=0.8)]
    with pytest.raises(
        BadInput, match=r"policies/p.yaml:9:5: a second judgement 'p/accuracy/f1/min"
    ):
        plan([policy(gates=gates)], RELEASE, comparing=False, gate=find)
    gates[1] = replace(gates[1], name="stricter")
    assert len(plan([policy(gates=gates)], RELEASE, comparing=False, gate=find)) == 2


def test_without_a_champion_an_absolute_limit_must_exist():
    only = policy(gates=[gate(metric="f1", champion={"margin": 0.01})])
    assert len(plan([only], RELEASE, comparing=True, gate=find)) == 1
    with pytest.raises(Undecided, match="compared with no other model") as caught:
        plan([only], RELEASE, comparing=False, gate=find)
    assert caught.value.exit_code == 3
    advice = policy(gates=[gate(metric="f1", minimum=0.7, required=False)])
    with pytest.raises(Undecided, match="required: true"):
        plan([advice], RELEASE, comparing=True, gate=find)


def test_an_unknown_gate_is_refused():
    with pytest.raises(BadInput, match="nearest: fairness"):
        plan([policy(gates=[gate("fairnes")])], RELEASE, comparing=True, gate=find)


@pytest.mark.parametrize(
    ("spec", "keys"),
    [
        (gate(metric="accuracy", minimum=0.8), ("minimum",)),
        (gate(metric="accuracy", champion={"margin": 0.1}), ("champion", "margin")),
        (gate("load", rate="9/s", objectives={"p95": "1s"}), ("objectives", "p95")),
        (
            gate("load", rate="9/s", champion={"maximumRatio": {"p50": 2.0}}),
            ("champion", "maximumRatio", "p50"),
        ),
    ],
)
def test_each_judgement_knows_the_line_that_asks_for_it(spec, keys):
    written = policy(gates=[spec])
    places = {**written.source.places, ("spec", "gates", 0, *keys): (8, 7)}
    exact = replace(written, source=replace(written.source, places=places))
    (planned,) = plan([exact], RELEASE, comparing=True, gate=find)
    assert planned.place == "policies/p.yaml:8:7"
    (near,) = plan([written], RELEASE, comparing=True, gate=find)
    assert near.place == "policies/p.yaml:7:5"
