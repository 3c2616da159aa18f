"""Ways of being wrong that mutation testing tries, and that they still have something to try."""

import importlib.util
from pathlib import Path

import pytest
from cosmic_ray.mutating import mutate_code

ROOT = Path(__file__).parents[2]


def _module(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / "mutants" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


operators, corrections = _module("operators"), _module("corrections")
OPERATORS = (
    operators.SwapPair,
    operators.SwapDifference,
    operators.OtherModel,
    operators.DropCorrection,
)


@pytest.mark.parametrize(
    ("kind", "example"), [(kind, each) for kind in OPERATORS for each in kind.examples()]
)
def test_a_mutation_is_as_its_example_says(kind, example):
    operator = kind(**example.operator_args)
    mutated = mutate_code(example.pre_mutation_code, operator, example.occurrence)
    assert mutated == example.post_mutation_code


@pytest.mark.parametrize(
    "code",
    [
        "def f(candidate, champion): pass",
        "f(candidate=1, champion=2)",
        "x = champion is None",
        "place = bench.candidate.release.path",
    ],
)
def test_what_only_names_a_model_is_left_alone(code):
    assert mutate_code(code, operators.OtherModel(), 0) is None


@pytest.mark.parametrize(
    "code", ["min(own, other)", "check_counts([b, c], n)", "f(own, z)", "self.a - other.a"]
)
def test_what_either_order_means_alike_is_left_alone(code):
    for kind in (operators.SwapPair, operators.SwapDifference):
        assert mutate_code(code, kind(), 0) is None


def test_every_correction_stands_where_it_is_said_to():
    for each in corrections.CORRECTIONS:
        assert each.found in (ROOT / each.file).read_text(encoding="utf-8"), each
