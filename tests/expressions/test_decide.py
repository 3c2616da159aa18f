"""Fail closed: true is BOOL and True; all else is false or can't be decided, whatever it costs."""

import math

import pytest

from mlci.expressions.decide import decide

DATA = {"release": {"model": "income", "n": 3, "big": 2**63 - 1}, "empty": {}}


def test_true_false_and_all_that_is_neither():
    """A run-time error is a truthy value of the library, of type ERROR."""
    cases = {
        'release.model == "income"': (True, ""),
        'release.model == "credit"': (False, ""),
        'empty.owner == "x"': (None, "Key not found in map"),
        "!(empty.rate < 0.9)": (None, "Key not found in map"),
        "1 / 0 == 1": (None, "divide by zero"),
        "release.big + 1 > 0": (None, "overflow"),
        'release.n == 3 && release.n + "x" == "y"': (None, "No matching overloads"),
        "release.model": (None, "type STRING, not BOOL"),
        "release.n": (None, "type INT, not BOOL"),
        "null": (None, "type NULL, not BOOL"),
        "[true]": (None, "not BOOL"),
        "release.missing": (None, "Key not found in map"),
        "nothing == 1": (None, "undeclared reference"),
        "release.model.matches('(')": (None, "invalid regular expression"),
        "true": (True, ""),
    }
    answers = decide(list(cases), DATA)
    for (expression, (value, problem)), answer in zip(cases.items(), answers, strict=True):
        assert answer.value is value, (expression, answer)
        assert problem in answer.problem, (expression, answer)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_data_with_a_number_that_is_not_finite_decides_nothing(number):
    """`x >= 0.9` is false for NaN, but `!(x < 0.9)` is true."""
    for answer in decide(["!(x.a[0] < 0.9)", "true"], {"x": {"a": [number]}}):
        assert answer.value is None
        assert "data can't be used" in answer.problem


def test_a_number_beyond_64_bits_decides_nothing():
    assert [each.value for each in decide(["x > 1", "!(x < 1)"], {"x": 2**70})] == [None, None]


def _doubled(levels):
    """A string of 300 characters, ten times as long at each level."""
    inner = f"size(v{levels}) > 0"
    for level in range(levels, 0, -1):
        below = "'" + "x" * 300 + "'" if level == 1 else f"v{level - 1}"
        inner = f"[{' + '.join([below] * 10)}].all(v{level}, {inner})"
    return inner


TEN = "[0,1,2,3,4,5,6,7,8,9]"
# Within the library's budget of iterations; one that takes minutes, by compiling large patterns.
SLOW = (
    f"{TEN}.all(a, {TEN}.all(b, {TEN}.all(c, [1,2,3,4,5,6,7,8].all(d, !'x'.matches("
    "'(x{1,100}){9}y' + string(a) + string(b) + string(c) + string(d))))))"
)


def test_a_rule_that_blows_up_is_stopped_and_the_others_are_decided():
    iterations = f"{TEN}.all(a, {TEN}.all(b, {TEN}.all(c, {TEN}.all(d, {TEN}.all(e, true)))))"
    assert len(_doubled(7)) < 4096
    answers = decide(["true", _doubled(7), SLOW, iterations, "1 == 2"], {"x": 1})
    assert [each.value for each in answers] == [True, None, None, None, False]
    assert "MiB of memory" in answers[1].problem
    assert "signal 24" in answers[2].problem
    assert "Iteration budget exceeded" in answers[3].problem


def test_what_lies_in_the_folder_is_not_run(tmp_path, monkeypatch):
    """The change that is judged fills the folder where the gate stands."""
    for name in ("json", "cel_expr_python", "resource"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('run')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert [each.value for each in decide(["true"], {})] == [True]


def test_nothing_is_asked_where_there_are_no_conditions():
    assert decide([], {"x": math.nan}) == ()
