"""GitLab code quality: one entry for each judgement that did not pass, at the policy's line."""

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from mlci.reports.codequality import render
from mlci.reports.json import to_json

# GitLab's documentation, "Code Quality", "Code Quality report format".
FORMAT = Draft202012Validator(
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string", "minLength": 1},
                "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "pattern": "^(?!\\./|/).+"},
                        "lines": {
                            "required": ["begin"],
                            "properties": {"begin": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
    }
)


def entries(made):
    found = json.loads(render(to_json(made)))
    FORMAT.validate(found)
    return found


def test_real_verdicts_have_the_format(real):
    found = json.loads(render(real))
    FORMAT.validate(found)
    failed = [each for each in real["judgements"] if each["outcome"] != "PASS"]
    assert len(found) == len(failed)
    assert len({each["fingerprint"] for each in found}) == len(found)
    for entry, judgement in zip(found, failed, strict=True):
        path, line, _ = judgement["place"].split(":")
        assert entry["location"] == {"path": path, "lines": {"begin": int(line)}}


def test_a_fingerprint_outlives_its_numbers_and_names_its_judgement(judgement, verdict):
    before = entries(verdict(judgement("a", "FAIL"), judgement("b", "FAIL"), outcome="FAIL"))
    after = entries(verdict(judgement("a", "ERROR", n=3), judgement("b"), outcome="ERROR"))
    assert after[0]["fingerprint"] == before[0]["fingerprint"] != before[1]["fingerprint"]


@pytest.mark.parametrize(
    ("outcome", "required", "severity"),
    [
        ("FAIL", True, "critical"),
        ("ERROR", True, "critical"),
        ("INCONCLUSIVE", True, "major"),
        ("FAIL", False, "info"),
    ],
)
def test_severity(judgement, verdict, outcome, required, severity):
    made = verdict(judgement("a", outcome, required=required), outcome="FAIL")
    assert entries(made)[0]["severity"] == severity


def test_a_waived_failure_stays_in_sight(judgement, verdict, waived):
    made = verdict(replace(judgement("a", "FAIL"), waived=waived), judgement("b"))
    (entry,) = entries(made)
    assert entry["severity"] == "info"
    assert entry["description"].startswith("FAIL (waived): accuracy")
    assert "waived by Ann until 2026-12-01" in entry["description"]


def test_a_rule_and_a_judgement_without_a_place_point_at_the_policy(judgement, verdict, ruling):
    made = verdict(judgement("a", "FAIL"), outcome="FAIL", rulings=(ruling("owner", "ERROR"),))
    assert [each["location"]["path"] for each in entries(made)] == ["p.yaml", "p.yaml"]
    assert entries(made)[1]["check_name"] == "mlci/rules/owner"


def test_a_rule_that_knows_its_line_points_at_it(judgement, verdict, ruling):
    asked = replace(ruling("owner", "FAIL"), place="policies/p.yaml:12:7")
    (entry,) = entries(verdict(judgement("a"), outcome="FAIL", rulings=(asked,)))
    assert entry["location"] == {"path": "policies/p.yaml", "lines": {"begin": 12}}
