"""What a condition may say: every name known, and the place of what is wrong."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.errors import Broken
from mlci.expressions import check as module
from mlci.expressions.check import WrongExpression, check

PLACE = "policies/p.yaml:9:7"


@pytest.mark.parametrize(
    "text",
    [
        'release.model == "income" && governance.riskTier <= 2',
        "has(governance.owner) && size(verdict.judgements) > 0",
        "verdict.judgements.all(j, !has(j.waived) || j.waived.approver != j.policy)",
        "!has(verdict.champion) || verdict.champion.version != release.version",
        "verdict.judgements.exists(j, j.limit.value >= 0.9 && j.details.groups.size() > 1)",
        "release.rollout.steps[0].weight <= 5 && release.rollout.steps[0].bake >= 60",
        "verdict.judgements[0].required",  # decided when evaluated
        "true // and a comment",
    ],
)
def test_known_names_in_a_condition(text):
    check(text, PLACE)


@pytest.mark.parametrize(
    ("text", "place", "found", "nearest"),
    [
        ("releas.model == 'a'", (1, 7), "no name 'releas.model'", "releas.model"),
        ("true &&\n  release.modle == 'a'", (2, 10), "no name 'modle' in release", "modle"),
        ("has(governance.ownr)", (1, 4), "no name 'ownr' in governance", "ownr"),
        (
            "verdict.judgements.all(j, j.estmate > 0)",
            (1, 28),
            "no name 'estmate' in verdict.judgements",
            "estmate",
        ),
        ("release.lineage.code.comit == ''", (1, 21), "'comit' in release.lineage.code", "comit"),
        ("shell('ls')", (1, 6), "no name 'shell'", "shell"),
        ("release.model ==", (1, 17), "Syntax error: mismatched input '<EOF>'", ""),
        ("'text'", (1, 1), "an expression of type STRING", ""),
        ("release.model == 'a' ? true : 1", (1, 22), "no matching overload", ""),
        ("mlci.release{model: 'a'} == release", (1, 1), "no name", "mlci.release"),
        ("(" * 200 + "true" + ")" * 200, (1, 1), "recursion limit exceeded", ""),
        ("true" + " && true" * 20_000, (1, 1), "exceeds codepoint limit", ""),
    ],
)
def test_what_is_wrong_and_where(text, place, found, nearest):
    with pytest.raises(WrongExpression) as caught:
        check(text, PLACE)
    assert (caught.value.line, caught.value.column) == place, str(caught.value)
    assert found in caught.value.found
    assert caught.value.name == nearest


def test_an_unknown_name_comes_with_those_that_are_known():
    with pytest.raises(WrongExpression) as caught:
        check("verdict.champion.versoin == ''", PLACE)
    assert "version" in caught.value.known
    with pytest.raises(WrongExpression) as caught:
        check("verdikt == 1", PLACE)
    assert caught.value.known == ("release", "verdict", "governance")


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            ["release", ".", "model", "(", ")", "[", "]", "{", "}", "has", "all", "j", ",", "==",
             "&&", "!", "'a'", "1", "?", ":", "governance", "é", "\x00", "\n", "//", "r'", "b'"]
        ),
        max_size=25,
    )
)  # fmt: skip
def test_any_text_is_right_or_wrong_at_a_place(parts):
    wrong = None
    try:
        check("".join(parts), PLACE)
    except WrongExpression as error:
        wrong = error
    assert wrong is None or (wrong.found and min(wrong.line, wrong.column) >= 1)


def test_without_the_library_a_rule_cannot_be_checked(monkeypatch):
    module._environments.cache_clear()
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    with pytest.raises(
        Broken, match=r"^policies/p.yaml:9:7: a rule, and no library.*pip install 'mlci\[rules\]'"
    ):
        check("true", PLACE)


def test_documents_without_rules_do_not_load_the_library(tmp_path):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/p.yaml").write_text(
        "{apiVersion: mlci.dev/v1, kind: GatePolicy, metadata: {name: p}, spec: {extends: baseline,"
        " appliesTo: {environments: [production]}}}",
        encoding="utf-8",
    )
    text = (
        "import sys; from pathlib import Path; from mlci.flow.validate import validate_tree;"
        "print(validate_tree(Path('.'), ['policies/p.yaml']).problems);"
        "print([name for name in sys.modules if 'cel' in name or 'protobuf' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    problems, loaded = done.stdout.splitlines()
    assert "no such file" in problems  # mlci.yaml alone
    assert loaded == "[]"
