"""The rules of the policies that apply, decided over release, verdict and governance."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlci.expressions.decide import Answer, decide
from mlci.records.outcome import Outcome
from mlci.records.policy import GatePolicy
from mlci.records.release import Release
from mlci.records.rule import Ruling, ruling_id


def planned(policies: Sequence[GatePolicy]) -> tuple[str, ...]:
    """The ids of the rulings that must arrive."""
    return tuple(ruling_id(policy.name, rule.id) for policy in policies for rule in policy.rules)


def rule_on(
    policies: Sequence[GatePolicy], release: Release, verdict: Mapping[str, Any]
) -> tuple[Ruling, ...]:
    """One ruling for each rule. ``verdict`` is ``verdict.json`` as the gates alone make it."""
    rules = [(policy, at) for policy in policies for at in range(len(policy.rules))]
    if not rules:
        return ()
    expressions = [policy.rules[at].expression for policy, at in rules]
    answers = decide(expressions, data(release, verdict))
    return tuple(
        _ruling(policy, at, answer) for (policy, at), answer in zip(rules, answers, strict=True)
    )


def place_of(policy: GatePolicy, at: int) -> str:
    """Where the policy states its rule of that index, or takes it over from a pack."""
    return policy.source.at("spec", "rules", at)


def data(release: Release, verdict: Mapping[str, Any]) -> dict[str, Any]:
    """What rules see. What isn't said is left out: to read it is an error, ``has()`` asks."""
    said = {
        "release": {
            **verdict["release"],
            "task": release.task,
            "evaluation": release.evaluation,
            "lineage": release.lineage,
            "serving": {"replicas": release.replicas},
            "rollout": {
                "steps": [{"weight": step.weight, "bake": step.bake} for step in release.steps]
            },
        },
        "verdict": {
            key: verdict[key] for key in ("outcome", "champion", "evaluation", "judgements")
        },
        "governance": release.governance,
    }
    return {key: _said(value) for key, value in said.items()}


def _said(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _said(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_said(each) for each in value]
    return value


def _ruling(policy: GatePolicy, at: int, answer: Answer) -> Ruling:
    rule = policy.rules[at]
    if answer.value is None:
        outcome, reason = Outcome.ERROR, f"it can't be decided: {answer.problem}"
    elif answer.value:
        outcome, reason = Outcome.PASS, "it holds"
    else:
        outcome, reason = Outcome.FAIL, rule.message
    return Ruling(
        id=ruling_id(policy.name, rule.id),
        policy=policy.name,
        control=rule.control,
        title=rule.title,
        outcome=outcome,
        reason=reason,
        place=place_of(policy, at),
    )
