"""What docs/exam-wear.md says of repeated runs, tuning and creep, in a smaller form."""

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.simulation
SCRIPT = Path(__file__).parents[2] / "docs" / "tables" / "wear.py"


@pytest.fixture(scope="module")
def wear():
    spec = importlib.util.spec_from_file_location("wear", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_shared_error_holds_over_all_runs(wear):
    assert wear.passes_by_chance(20, shared=False, repeats=500) > 0.5
    assert wear.passes_by_chance(20, shared=True, repeats=500) <= 0.05 + 3 * 0.01


def test_an_exam_that_was_tuned_on_shows_too_much(wear):
    assert wear.tuned_on_the_exam(100, repeats=20) > 0.54


def test_an_anchor_bounds_the_creep(wear):
    _, lost = wear.creep(8, loss=0.005, margin=0.01, anchor=None, repeats=20)
    assert lost > 0.035
    _, lost = wear.creep(8, loss=0.005, margin=0.01, anchor=0.02, repeats=20)
    assert lost <= 0.02
