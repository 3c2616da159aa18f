"""JUnit XML: valid, and never a pass where something wasn't shown to hold."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.reports.json import to_json
from mlci.reports.junit import render

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def schema():
    return xmlschema.XMLSchema(HERE / "junit.xsd")


def cases(made):
    root = ET.fromstring(render(to_json(made)))
    return {case.attrib["name"]: [child.tag for child in case] for case in root.iter("testcase")}


def test_real_verdicts_are_valid(real, schema):
    schema.validate(render(real))


def test_every_outcome_has_its_element(judgement, verdict, waived, schema):
    made = verdict(
        judgement("pass"),
        judgement("fail", "FAIL"),
        judgement("error", "ERROR", estimate=None, interval=None, n=0),
        judgement("skipped", "SKIPPED", estimate=None, interval=None, n=0),
        judgement("open", "INCONCLUSIVE"),
        judgement("advice", "FAIL", required=False),
        replace(judgement("waived", "FAIL"), waived=waived),
        replace(judgement("waived-error", "ERROR"), waived=waived),
        outcome="FAIL",
    )
    assert cases(made) == {
        "pass": ["system-out"],
        "fail": ["failure"],
        "error": ["error"],
        "skipped": ["error"],
        "open": ["error"],
        "advice": ["skipped"],
        "waived": ["skipped"],
        "waived-error": ["error"],
    }
    text = render(to_json(made))
    schema.validate(text)
    assert 'tests="8" failures="1" errors="4" skipped="2"' in text.replace("\n", " ")
    assert "FAIL (waived): shown (waived by Ann until 2026-12-01: known and small)" in text


def test_what_the_policy_tolerates_is_skipped(judgement, verdict):
    made = verdict(judgement("open", "INCONCLUSIVE"), outcome="INCONCLUSIVE", admits=True)
    assert cases(made) == {"open": ["skipped"]}


def test_rules_are_a_suite_of_their_own(judgement, verdict, ruling, schema):
    made = verdict(judgement("a"), outcome="FAIL", rulings=(ruling("owner", "FAIL"), ruling("x")))
    assert cases(made)["staging/rules/owner"] == ["failure"]
    assert cases(made)["staging/rules/x"] == ["system-out"]
    schema.validate(render(to_json(made)))


def test_a_way_back_is_one_case(verdict, schema):
    text = render(to_json(verdict(reason="admitted on its record: HEALTHY")))
    schema.validate(text)
    assert "admitted on its record: HEALTHY" in text


@settings(max_examples=30)
@given(text=st.text(max_size=30))
def test_any_text_is_well_formed(judgement, verdict, text):
    made = verdict(judgement("a/b", "FAIL", reason=text), outcome="FAIL")
    root = ET.fromstring(render(to_json(made)))
    shown = root.find(".//failure").attrib["message"].removeprefix("FAIL: ")
    assert len(shown) == len(text)
