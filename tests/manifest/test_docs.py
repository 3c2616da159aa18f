"""The examples of docs/manifests.md are a repository without a problem."""

import re
from pathlib import Path

from mlci.flow.validate import validate_tree
from mlci.manifest.document import KINDS, kind_of
from mlci.manifest.parse import parse
from mlci.manifest.rollout import DEFAULT_STEPS
from mlci.records.metric import METRICS
from mlci.records.policy import Watch

PAGE = (Path(__file__).parents[2] / "docs" / "manifests.md").read_text(encoding="utf-8")


def _examples():
    return {
        match[1]: match[0].removeprefix("```yaml\n").removesuffix("```")
        for match in re.finditer(r"```yaml\n# (\S+)\n.*?```", PAGE, re.DOTALL)
    }


def test_every_kind_has_an_example():
    assert sorted(kind_of(path) or "" for path in _examples()) == sorted(KINDS)


def test_the_examples_are_right_together(tmp_path):
    for path, text in _examples().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    result = validate_tree(tmp_path, [])
    assert [str(each) for each in result.problems] == []
    assert result.files == len(KINDS)


def test_the_defaults_that_the_page_states_are_the_defaults():
    path = "policies/production.yaml"
    assert parse(path, _examples()[path].encode()).watch == Watch()
    assert [(step.weight, step.bake) for step in DEFAULT_STEPS] == [(10, 300), (50, 300)]
    assert "10 % for 5 minutes, then 50 % for 5 minutes" in PAGE


def test_every_metric_is_named():
    assert [name for name in METRICS if name not in PAGE] == []
