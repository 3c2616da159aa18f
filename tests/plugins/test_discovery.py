"""Each way in which what a package brings can't be used is an error that names the package."""

import subprocess
import sys
from pathlib import Path

import pytest

from mlci.errors import BadInput, Broken
from mlci.gates.registry import find
from mlci.plugins import gates, metrics

METRIC = """
from mlci.plugins import PluginMetric
good = PluginMetric(function=lambda y_true, y_pred: 0.5, direction="higher")
"""
GATE = """
ID = "own"
SCHEMA = {"properties": {"depth": {"type": "integer"}}}
plan = measure = judge = print
"""


def test_a_metric_is_found_by_the_name_of_its_entry_point(bring):
    bring("d-one", "mlci.metrics", METRIC, own=":good")
    found = metrics.find("own")
    assert (found.name, found.direction, found.gates) == ("own", "higher", ("accuracy",))
    assert metrics.find("other") is None


@pytest.mark.parametrize("nothing", [None, "", 3, ["accuracy"]])
def test_what_is_no_name_is_no_metric(nothing):
    assert metrics.find(nothing) is None


def test_a_metric_that_nobody_brings_says_what_to_install():
    with pytest.raises(BadInput, match="install the package that brings it"):
        metrics.of("nobody")


def test_a_built_in_name_can_not_be_taken(bring):
    bring("d-one", "mlci.metrics", METRIC, accuracy=":good", own=":good")
    assert metrics.find("accuracy").family == "proportion"
    with pytest.raises(Broken, match=r"'accuracy' of d-one 1\.0: 'accuracy' is built in"):
        metrics.find("own")


def test_a_built_in_gate_can_not_be_taken(bring):
    bring("d-one", "mlci.gates", GATE, size="", own="")
    assert find("size").__name__ == "mlci.gates.size"
    with pytest.raises(Broken, match=r"gate 'size' of d-one 1\.0: 'size' is built in"):
        find("own")


def test_two_packages_of_one_name_are_none(bring):
    bring("d-one", "mlci.metrics", METRIC, own=":good")
    bring("d-two", "mlci.metrics", METRIC, own=":good")
    with pytest.raises(Broken, match=r"(d-one 1\.0 and d-two|d-two 1\.0 and d-one) 1\.0 both"):
        metrics.find("own")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("good = 1 / 0", "ZeroDivisionError"),
        ("def broken(:", "SyntaxError"),
        ("better = 1", "AttributeError"),
        ("good = len", "a builtin_function_or_method; expected an mlci.plugins.PluginMetric"),
        (METRIC.replace('"higher"', '"neither"'), "direction is 'neither'"),
        (METRIC.replace('"higher"', '"higher", tasks=("ranking",)'), "tasks is"),
        (METRIC.replace('"higher"', '"higher", gates="accuracy"'), "gates is"),
        (METRIC.replace('"higher"', '"higher", low=1.0, high=0.0'), "no number lies between"),
        (METRIC.replace('"higher"', '"higher", resamples=50'), "resamples is 50"),
        (METRIC.replace("lambda y_true, y_pred: 0.5", "3"), "can't be called"),
    ],
)
def test_a_metric_that_can_not_be_used_is_broken(bring, text, found):
    bring("d-one", "mlci.metrics", text, own=":good")
    with pytest.raises(Broken) as caught:
        metrics.find("own")
    assert found in str(caught.value)
    assert str(caught.value).startswith("metric 'own' of d-one 1.0: ")
    assert caught.value.next_step == "mend, update or remove the package d-one"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (GATE.replace('"own"', '"other"'), "its ID is 'other'"),
        (GATE.replace("plan = measure", "plan = measures"), "no measure"),
        (GATE.replace("SCHEMA", "KEYS"), "no SCHEMA with properties"),
        (GATE.replace('"integer"', '"integers"'), "its SCHEMA is none"),
        (GATE.replace("depth", "confidence"), "the key 'confidence' in its SCHEMA"),
        (GATE.replace('"type": "integer"', '"$ref": "#/$defs/x"'), "a $ref in its SCHEMA"),
        ("raise SystemExit(0)", "SystemExit"),
    ],
)
def test_a_gate_that_can_not_be_used_is_broken(bring, text, found):
    bring("d-one", "mlci.gates", text, own="")
    with pytest.raises(Broken) as caught:
        find("own")
    assert found in str(caught.value)
    assert str(caught.value).startswith("gate 'own' of d-one 1.0: ")


def test_the_built_in_gates_are_those_of_the_registry():
    from mlci.gates.registry import GATES

    assert gates.built_in() == tuple(GATES)


def test_what_is_built_in_is_found_without_looking_at_packages():
    code = """
import sys
from mlci.manifest.examine import examine
from mlci.plugins import metrics
from pathlib import Path
examine("policies/production.yaml", Path(sys.argv[1]).read_bytes())
assert metrics.find("accuracy")
assert not {"importlib.metadata", "numpy", "mlci.plugins.discovery"} & set(sys.modules)
"""
    policy = Path(__file__).parents[1] / "manifest/cases/base/policies/production.yaml"
    subprocess.run([sys.executable, "-c", code, policy], check=True)
