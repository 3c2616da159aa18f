"""A pack's gates of every kind as a floor: what a policy may say over them, and what it may not."""

import pytest

from mlci import packs
from mlci.errors import Invalid
from mlci.manifest import extends
from mlci.manifest.policy import parse_policy

PACK = """\
name: floor
spec:
  confidence: 0.95
  onInconclusive: refuse
  exam: {maximumRuns: 20, correction: bonferroni}
  gates:
    - {gate: accuracy, name: whole, metric: recall, minimum: 0.6, champion: {margin: 0.02}}
    - gate: accuracy
      name: sliced
      metric: accuracy
      minimum: 0.6
      slices: [{column: age, bins: [30, 50]}]
    - {gate: accuracy, name: anchored, metric: f1, champion: {margin: 0.02, anchor: {version: 1.0.0, margin: 0.05}}}
    - {gate: accuracy, name: late, metric: quantile_absolute_error, quantile: 0.9, maximum: 3}
    - {gate: fairness, name: gap, metric: selection_rate, by: [sex], maximumDifference: 0.1}
    - {gate: robustness, name: noise, perturbations: {noise: {columns: [age], scale: 0.1}}, maximum: 5%}
    - {gate: size, name: bytes, metric: model_bytes, maximum: 50MB}
    - {gate: data, name: data, overlap: {maximum: 0.5%}}
"""  # noqa: E501 - one gate a line
HEAD = (
    "apiVersion: mlci.dev/v1\nkind: GatePolicy\nmetadata: {name: p}\n"
    "spec:\n  appliesTo: {environments: [production]}\n  extends: floor\n"
)


@pytest.fixture(autouse=True)
def pack(tmp_path, monkeypatch):
    (tmp_path / "floor.yaml").write_text(PACK, encoding="utf-8")
    monkeypatch.setattr(packs, "_FOLDER", tmp_path)
    for each in (packs.names, extends.pack):
        each.cache_clear()
    yield
    for each in (packs.names, extends.pack):
        each.cache_clear()


def policy(rest=""):
    return parse_policy("policies/p.yaml", (HEAD + rest).encode())


def gates(*entries):
    return "  gates:\n" + "".join(f"    - {{{each}}}\n" for each in entries)


def test_what_is_not_said_is_the_packs():
    found = policy()
    assert (found.exam.maximum_runs, found.exam.shared_error) == (20, True)
    assert policy("  exam: {maximumRuns: 5}\n").exam.maximum_runs == 5
    assert policy("  exam: {maximumRuns: 5}\n").exam.shared_error


STRICTER = [
    "gate: accuracy, name: whole, metric: recall, minimum: 0.7, confidence: 0.99, slices: [sex]",
    "gate: accuracy, name: whole, metric: recall, "
    "champion: {margin: 0.01, anchor: {version: 1.0.0, margin: 0.03}}",
    "gate: accuracy, name: anchored, metric: f1, "
    "champion: {margin: 0.02, anchor: {version: 1.0.0, margin: 0.01}}",
    "gate: accuracy, name: sliced, metric: accuracy, slices: [sex, {column: age, bins: [30, 50]}]",
    "gate: fairness, name: gap, metric: selection_rate, by: [sex], decision: assure, "
    "confidence: 0.99",
    "gate: robustness, name: noise, champion: {margin: 1%}, "
    "perturbations: {noise: {columns: [age], scale: 0.2}, swap: {columns: [sex], share: 1%}}",
    "gate: size, name: bytes, metric: model_bytes, maximum: 40MB, champion: {maximumRatio: 1.1}",
    "gate: data, overlap: {maximum: 0.1%}, drift: {minimumRows: 1000}",
    "gate: data, drift: {maximum: 0.1}",
    "gate: data, drift: true",
]


@pytest.mark.parametrize("entry", STRICTER)
def test_a_policy_may_say_what_is_stricter(entry):
    policy(gates(entry))


SAYS_NOTHING = "of which pack floor says nothing; nothing either; a gate of another name may say it"
LAXER = [
    ("gate: accuracy, name: whole, metric: recall, class: b", f"'class', {SAYS_NOTHING}"),
    (
        "gate: accuracy, name: late, metric: quantile_absolute_error, quantile: 0.5",
        "0.5, where pack floor says 0.9; 0.9",
    ),
    (
        "gate: accuracy, name: anchored, metric: f1, "
        "champion: {margin: 0, anchor: {version: 2.0.0, margin: 0.01}}",
        "'2.0.0', where pack floor says '1.0.0'; '1.0.0'",
    ),
    (
        "gate: accuracy, name: sliced, metric: accuracy, slices: [{column: age, bins: [40]}]",
        "where pack floor says",
    ),
    # Of an alarm more confidence lets more pass.
    (
        "gate: accuracy, name: sliced, metric: accuracy, confidence: 0.99",
        "0.99, where pack floor says 0.95; 0.95",
    ),
    (
        "gate: fairness, name: gap, metric: selection_rate, by: [sex], confidence: 0.99",
        "0.99, where pack floor says 0.95; 0.95",
    ),
    (
        "gate: fairness, name: gap, metric: selection_rate, by: [sex], smallGroups: report",
        "'report', where pack floor says 'inconclusive'; 'inconclusive' or stricter",
    ),
    (
        "gate: robustness, name: noise, perturbations: {noise: {columns: [age], scale: 0.05}}",
        "0.05, where pack floor says 0.1; 0.1 or more",
    ),
    (
        "gate: robustness, name: noise, perturbations: {noise: {columns: [age, sex], scale: 0.1}}",
        "['age', 'sex'], where pack floor says ['age']; exactly 'age'",
    ),
    (
        "gate: robustness, name: noise, tolerance: 1, "
        "perturbations: {noise: {columns: [age], scale: 0.1}}",
        f"'tolerance', {SAYS_NOTHING}",
    ),
    ("gate: data, leakage: {except: [age]}", "['age'], where pack floor says []; nothing"),
    (
        "gate: data, overlap: true",
        "'1%', where pack floor says '0.5%'; 0.5% or less",
    ),
    (
        "gate: data, overlap: false",
        "false, where pack floor says a mapping; the check, as the pack has it or stricter",
    ),
    (
        "gate: data, drift: false",
        "false, where pack floor says true; the check, as the pack has it or stricter",
    ),
    ("gate: data, drift: {minimumRows: 100}", "100, where pack floor says 500; 500 or more"),
]


@pytest.mark.parametrize(("entry", "message"), LAXER)
def test_what_is_laxer_or_another_judgement_is_refused_at_its_place(entry, message):
    with pytest.raises(Invalid) as refused:
        policy(gates(entry))
    (problem,) = refused.value.problems
    assert problem.place.startswith("policies/p.yaml:8:")
    assert message in f"{problem.found}; {problem.expected}"


@pytest.mark.parametrize(
    ("exam", "message"),
    [
        ("{maximumRuns: 21}", "21, where pack floor says 20; expected 20 or less"),
        ("{maximumRuns: 20, correction: none}", "'bonferroni' or stricter"),
    ],
)
def test_an_exam_is_not_worn_further_than_the_pack_permits(exam, message):
    with pytest.raises(Invalid, match=message):
        policy(f"  exam: {exam}\n")


def test_a_policys_own_confidence_leaves_the_packs_alarms_as_they_are():
    found = {each.name: each.confidence for each in policy("  confidence: 0.99\n").gates}
    assert {name for name, level in found.items() if level == 0.95} == {"sliced", "gap", "data"}
    assert set(found.values()) == {0.95, 0.99}
    said = gates("gate: fairness, name: gap, metric: selection_rate, by: [sex, race]")
    over = {each.name: each for each in policy(f"  confidence: 0.99\n{said}").gates}
    assert over["gap"].confidence == 0.95
