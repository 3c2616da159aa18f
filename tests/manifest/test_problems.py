import pytest

from mlci.manifest.problems import MOST, nearest, one_of, printable, show
from mlci.manifest.schema_check import violations
from mlci.manifest.yaml import load


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", "'a'"),
        ("a\x1b\n", r"'a\x1b\n'"),
        ("x" * 61, "'" + "x" * 59 + "…'"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ([1], "a list"),
        ({}, "a mapping"),
    ],
)
def test_values_are_shown_short_and_inert(value, shown):
    assert show(value) == shown


def test_the_nearest_name():
    assert nearest("metrc", ["metric", "minimum"]) == "nearest: 'metric'"
    assert nearest("zzz", ["metric", "minimum"]) == ""
    assert nearest("x", []) == ""


def test_lists_of_names_stay_short():
    assert one_of(["a"]) == "'a'"
    assert one_of(["a", "b"]) == "one of 'a', 'b'"
    assert one_of(range(25)).endswith("19 and 5 more")


def test_names_of_files_are_printable():
    assert printable("a/ü.yaml") == "a/ü.yaml"
    assert printable("\x1b\udcff\n") == r"\x1b\udcff\n"


@pytest.mark.parametrize(
    "junk",
    [
        "sensitive: [" + "{a: 1}, " * 15_000 + "]",
        "sensitive: [" + "".join(f"{{a: {n}}}, " for n in range(15_000)) + "]",
        "".join(f"k{n}: 1, " for n in range(15_000)),
        "label: {" + "".join(f"k{n}: 1, " for n in range(15_000)) + "}",
    ],
    ids=["repeated", "wrong", "unknown", "nested"],
)
def test_a_shape_that_is_wrong_all_over_is_told_in_part(junk):
    document = load("a.yaml", f"{{kind: EvaluationSet, spec: {{{junk}}}}}".encode())
    told = violations(document.source, document.value, "evaluation-set").problems
    assert 1 < len(told) <= MOST + 1
    assert sum(len(str(each)) for each in told) < 500 * len(told)


def test_a_value_that_breaks_two_rules_with_one_message_is_told_once():
    step = "{weight: 100.5, bake: 2m}"
    text = f"{{kind: ModelRelease, spec: {{rollout: {{steps: [{step}, {step}]}}}}}}"
    document = load("a.yaml", text.encode())
    shape = violations(document.source, document.value, "model-release")
    weights = [each for each in shape.problems if each.found == "100.5"]
    assert len(weights) == len({each.place for each in weights}) == 2
    steps = ("spec", "rollout", "steps")
    assert shape.refused == {(*steps, 0, "weight"), (*steps, 1, "weight")}


def test_keys_without_a_meaning_are_told_apart_from_values_without_one():
    document = load("a.yaml", b"{kind: Project, spec: {protectedRef: 1, foo: 2}}")
    shape = violations(document.source, document.value, "project")
    assert shape.refused == {("spec", "protectedRef")}
    assert shape.unknown == {("spec", "foo")}


@pytest.mark.parametrize("text", ["spec: {version: 1.10}", "spec:\n  version:  1.10  # ten"])
def test_a_number_that_should_be_a_string_is_shown_as_it_is_written(text):
    document = load("a.yaml", text.encode())
    schema = {"properties": {"spec": {"properties": {"version": {"type": "string"}}}}}
    (found,) = violations(document.source, document.value, schema).problems
    assert (found.found, found.next_step) == ("1.10", "put it in quotes")
