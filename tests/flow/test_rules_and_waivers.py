"""`mlci gate` under rules, waivers and packs: shown in the verdict, and counted as they should."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from mlci import schemas
from mlci.flow.case import read_case
from mlci.flow.standing import context, recorded_verdicts, verdict_that_stands
from mlci.records.policy import Pack

POLICY, PRODUCTION = "policies/all.yaml", "releases/income/production.yaml"
FAIRNESS = "{gate: fairness, metric: selection_rate, by: [sex], maximumDifference: 0.5}"
ACCURACY = "{gate: accuracy, metric: roc_auc, minimum: 0.8}"


def rule(name, expression):
    return (
        f"    - {{id: {name}, control: C 7, title: About {name}, expression: '{expression}',"
        " message: '*Mend* this'}\n"
    )


def waiver(gate="accuracy", version="2.0.0", model="income"):
    today = datetime.now(UTC).date()
    return (
        f"    - gate: {gate}\n      release: {{model: {model}, environment: production,"
        f" version: {version}}}\n      reason: the exam is old\n      approver: Ann\n"
        f'      granted: "{today}"\n      expires: "{today + timedelta(days=3)}"\n'
    )


def _fits(world):
    document = json.loads(world.verdict.read_text())
    assert not [*Draft202012Validator(schemas.read("verdict")).iter_errors(document)]
    return document


@pytest.mark.parametrize(
    ("expression", "outcome", "code"),
    [
        ("verdict.judgements.all(j, j.n >= 1000) && !has(verdict.champion)", "PASS", 0),
        ("release.rollout.steps[0].weight <= 5", "FAIL", 1),
        ('governance.owner != "nobody"', "ERROR", 5),
    ],
)
def test_a_rule_decides_with_the_gates(world, make, expression, outcome, code):
    text = make.policy(ACCURACY) + "  rules:\n" + rule("one", "true") + rule("two", expression)
    world.merge({POLICY: text})
    world.propose(make.model(mark="other"))
    done = world.gate()
    assert done.code == code
    done.says(f"{outcome}  all/rules/two", "About two (C 7)")
    document = _fits(world)
    assert document["outcome"] == outcome
    assert [each["outcome"] for each in document["rules"]] == ["PASS", outcome]
    lines = text.splitlines()
    for each in document["rules"]:
        path, line, column = each["place"].split(":")
        assert path == POLICY
        assert lines[int(line) - 1][int(column) - 1 :].startswith(f"{{id: {each['id'][10:]},")
    assert [each["outcome"] for each in document["judgements"]] == ["PASS"]
    if outcome == "FAIL":
        done.says("*Mend* this")


def test_a_rule_that_cannot_be_read_is_bad_input(world, make):
    world.merge({POLICY: make.policy(ACCURACY) + "  rules:\n" + rule("one", "release.modle")})
    done = world.gate()
    assert done.code == 2
    done.says("policies/all.yaml:9:", "no name 'modle' in release", "nearest: 'model'")
    assert not world.verdict.exists()


def test_a_waived_failure_is_shown_as_one_and_does_not_count(world, make):
    text = make.policy(ACCURACY, FAIRNESS)
    world.merge({POLICY: text + "  waivers:\n" + waiver()})
    world.propose(make.model("noise"))
    done = world.gate()
    assert done.code == 0
    done.says("FAIL (waived)", "waived by Ann until", "the exam is old")
    failed, fair = _fits(world)["judgements"]
    assert (failed["outcome"], fair["outcome"]) == ("FAIL", "PASS")
    assert (failed["waived"]["approver"], fair["waived"]) == ("Ann", None)
    for report in ("text", "markdown", "junit"):
        world.run("report", world.verdict, "--format", report).says("Ann")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (waiver(version="1.9.0"), "not waived: the waiver of Ann is for version 1.9.0"),
        (waiver(model="credit"), ""),
    ],
)
def test_a_waiver_for_another_release_waives_nothing(world, make, entry, says):
    world.merge({POLICY: make.policy(ACCURACY, FAIRNESS) + "  waivers:\n" + entry})
    world.propose(make.model("noise"))
    done = world.gate()
    assert done.code == 1
    done.says(says)
    assert "(waived)" not in done.out


def test_where_every_judgement_is_waived_nothing_passes(world, make):
    world.merge({POLICY: make.policy(ACCURACY) + "  waivers:\n" + waiver()})
    world.propose(make.model("noise"))
    done = world.gate()
    assert done.code == 5
    done.says("FAIL (waived)")
    document = _fits(world)
    assert (document["outcome"], document["admits"]) == ("ERROR", False)
    assert document["reason"].endswith("nothing is left to decide by")
    world.run("report", world.verdict, "--format", "json").fits("verdict")


def test_a_verdict_stands_only_as_long_as_its_waivers_hold(world, make):
    world.merge({POLICY: make.policy(ACCURACY, FAIRNESS) + "  waivers:\n" + waiver()})
    world.release(make.model("noise"))
    assert world.gate("--record").code == 0
    case = read_case(world.repository, PRODUCTION, base=None, at=None)
    where = (case.truth.records, case.release.digest, case.key)
    (recorded,) = recorded_verdicts(*where)
    expires = max(each.expires for each in recorded.waivers)
    assert verdict_that_stands(*where, (), expires) == recorded
    assert verdict_that_stands(*where, (), expires + timedelta(days=1)) is None


def test_the_pack_is_part_of_what_a_verdict_stands_under(world, make):
    text = make.policy(ACCURACY).replace("  gates:", "  extends: baseline\n  gates:")
    world.merge({POLICY: text})
    world.propose(make.model(mark="other"))
    case = read_case(world.repository, PRODUCTION, base=None, at=None)
    assert world.gate().code == 0
    document = _fits(world)
    (named,) = document["policies"]
    (policy,) = case.policies
    assert named["extends"] == {"name": "baseline", "digest": policy.pack.digest}
    assert "all/quality/balanced_accuracy/minimum" in {e["id"] for e in document["judgements"]}
    newer = replace(policy, pack=Pack(name="baseline", digest="sha256:" + "1" * 64))
    keys = {
        context([each], case.exam, None) for each in (policy, newer, replace(policy, pack=None))
    }
    assert len(keys) == 3


def test_validate_refuses_a_waiver_that_expired(world, make):
    old = waiver().replace(str(datetime.now(UTC).date()), "2020-01-01")
    old = old.replace(str(datetime.now(UTC).date() + timedelta(days=3)), str(date(2020, 1, 3)))
    world.merge({POLICY: make.policy(ACCURACY, FAIRNESS) + "  waivers:\n" + old})
    done = world.run("validate")
    assert done.code == 2
    done.says("a waiver that expired on 2020-01-03")
    # At the gate it is only not applied.
    world.propose(make.model("noise"))
    done = world.gate()
    assert done.code == 1
    done.says("not waived: the waiver of Ann expired on 2020-01-03")


def test_the_examples_of_the_docs_at_the_gate(world, make):
    page = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")
    examples = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", page, re.DOTALL))
    world.merge(
        {POLICY: None}
        | {
            f"policies/{name}.yaml": examples[f"policies/{name}.yaml"]
            for name in ("ruled", "waived")
        }
    )
    world.propose(make.model("noise"))
    assert world.gate().code == 1
    document = _fits(world)
    reasons = [each["reason"] for each in document["judgements"]]
    begins = "not waived: the waiver of Ann Example, model risk begins on 2999-12-01"
    assert sum(each.endswith(begins) for each in reasons) == 1
    outcomes = {each["id"]: each["outcome"] for each in document["rules"]}
    # The release names no owner, and its exam has 1,500 rows.
    assert outcomes == {"ruled/rules/owner-is-named": "FAIL", "ruled/rules/enough-rows": "PASS"}
