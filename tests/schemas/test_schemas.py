from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mlci import schemas
from mlci.manifest.yaml import load
from mlci.records.delivery import State
from mlci.records.judgement import LimitKind
from mlci.records.metric import METRICS, fitting
from mlci.records.outcome import Outcome
from mlci.records.policy import Watch
from mlci.records.units import seconds, share


def _objects(node: Any) -> Any:
    """Every schema of a mapping that names its keys."""
    if isinstance(node, dict):
        if "properties" in node and node.get("type") == "object":
            yield node
        for each in node.values():
            yield from _objects(each)
    elif isinstance(node, list):
        for each in node:
            yield from _objects(each)


@pytest.mark.parametrize("name", schemas.names())
def test_schemas_are_versioned_and_closed(name):
    schema = schemas.read(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "/v1/" in schema["$id"]
    Draft202012Validator.check_schema(schema)
    gate = schema.get("$defs", {}).get("gate", {})  # closed by the schema of the gate it names
    for each in _objects(schema):
        assert each.get("additionalProperties") is not None or each == gate


@pytest.mark.parametrize("name", schemas.names())
def test_nothing_is_required_that_is_unknown(name):
    for each in _objects(schemas.read(name)):
        assert set(each.get("required", ())) <= set(each["properties"])


def test_an_unknown_schema():
    with pytest.raises(KeyError):
        schemas.read("../project")


@pytest.mark.parametrize("gate", ["accuracy", "fairness", "size"])
def test_metrics_are_those_of_the_registry(gate):
    names = schemas.read(f"gate-{gate}")["properties"]["metric"]["enum"]
    assert sorted(names) == sorted(fitting(gate))


def test_every_metric_is_found_under_its_name():
    assert all(metric.name == name for name, metric in METRICS.items())


def test_words_are_those_of_the_records():
    judgement = schemas.read("verdict")["$defs"]["judgement"]["properties"]
    assert judgement["outcome"]["enum"] == [each.value for each in Outcome]
    assert sorted(judgement["limit"]["properties"]["kind"]["enum"]) == sorted(LimitKind)
    assert sorted(schemas.read("delivery")["properties"]["state"]["enum"]) == sorted(State)


def test_stated_defaults_are_those_of_the_records():
    stated = {
        name: each["default"]
        for name, each in schemas.read("gate-policy")["$defs"]["watch"]["properties"].items()
    }
    watch = Watch()
    assert stated == {
        "harm": watch.harm,
        "tolerated": watch.tolerated,
        "errorBudget": "0.5%",
        "latency": ["25ms", "50ms", "100ms"],
        "latencyBudget": "1%",
        "confidence": watch.confidence,
        "minimumRequests": watch.minimum_requests,
        "deadline": "2h",
        "onDeadline": watch.on_deadline,
        "keepWatching": "1h",
        "firstReleaseRegressed": watch.first_release_regressed,
        "onManualAbort": watch.on_manual_abort,
    }
    assert share(stated["errorBudget"]) == watch.error_budget
    assert share(stated["latencyBudget"]) == watch.latency_budget
    assert tuple(map(seconds, stated["latency"])) == watch.latency
    assert (seconds(stated["deadline"]), seconds(stated["keepWatching"])) == (
        watch.deadline,
        watch.keep_watching,
    )


def test_a_printed_schema_stands_alone():
    """Other validators resolve the gates' schemas inside the one that is printed."""
    validator = Draft202012Validator(schemas.read("gate-policy"))
    policy = load(
        "p.yaml",
        b"apiVersion: mlci.dev/v1\nkind: GatePolicy\nmetadata: {name: p}\n"
        b"spec: {appliesTo: {environments: [a]}, gates: [{gate: load, rate: 1/s, rat: 2}]}\n",
    ).value
    (error,) = validator.iter_errors(policy)
    assert "'rat' was unexpected" in error.message


@pytest.mark.parametrize("name", ["model-release", "evaluation-set"])
@pytest.mark.parametrize(
    ("uri", "admitted"),
    [
        ("models/income-1.5.0.onnx", True),
        ("income.onnx", True),
        (".data/..a/b..c/x.parquet", True),
        ("s3://models/income.onnx", True),
        ("s3://models//income.onnx", True),
        ("file:///srv/income.onnx", True),
        ("models//income.onnx", False),
        ("./income.onnx", False),
        ("models/./income.onnx", False),
        ("models/../income.onnx", False),
        ("../income.onnx", False),
        ("models/", False),
        ("models/..", False),
        ("/models/income.onnx", False),
        ("//models/income.onnx", False),
        ("s3://models/", False),
        ("s3://models/../income.onnx", False),
        ("ftp://models/income.onnx", False),
        ("", False),
    ],
)
def test_a_relative_uri_is_a_path_as_git_writes_it(name, uri, admitted):
    validator = Draft202012Validator(schemas.read(name)["$defs"]["uri"])
    assert validator.is_valid(uri) is admitted
