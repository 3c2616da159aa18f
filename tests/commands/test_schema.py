import json

import pytest
from jsonschema import Draft202012Validator

from mlci import cli, schemas


def test_names_one_a_line(capsys):
    assert cli.run(["schema"]) == 0
    assert capsys.readouterr().out.split() == list(schemas.names())


def test_names_as_json(capsys):
    assert cli.run(["schema", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"schemas": list(schemas.names())}


@pytest.mark.parametrize("name", schemas.names())
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_schema_is_printed_whole(name, form, capsys):
    assert cli.run(["schema", name, "--format", form]) == 0
    schema = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"https://mlci.dev/schemas/v1/{name}.json"


def test_an_unknown_name(capsys):
    assert cli.run(["schema", "polcy"]) == 2
    assert "no schema 'polcy'" in capsys.readouterr().err
