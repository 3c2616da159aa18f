"""The examples of docs/policies.md are policies without a problem, and its words are the code's."""

import re
from pathlib import Path

import pytest

from mlci import packs
from mlci.expressions import child
from mlci.expressions.shape import shapes
from mlci.flow.validate import validate_tree
from mlci.manifest import tighten
from mlci.manifest.policy import parse_policy
from mlci.records.waiver import WaiverRules

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))


def test_there_is_an_example_of_each():
    assert list(EXAMPLES) == [f"policies/{name}.yaml" for name in ("ruled", "waived", "extended")]


def test_the_examples_are_right_beside_the_other_documents(base):
    for path, text in EXAMPLES.items():
        (base / path).write_text(text, encoding="utf-8")
    assert [str(each) for each in validate_tree(base, []).problems] == []


def test_the_limits_that_the_page_states_are_the_limits():
    assert f"{child.MEMORY // 1024**2} MiB" in PAGE
    assert child.SECONDS == 1
    assert f"default {WaiverRules().maximum_days}\n" in PAGE
    assert set(shapes()) <= set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert all(f"| `{name}` |" in PAGE for name in packs.names())


@pytest.mark.parametrize("key", sorted(tighten.KNOWN))
def test_every_key_with_a_direction_is_named(key):
    assert f"`{key}" in PAGE or f".{key}`" in PAGE


def test_the_message_that_the_page_shows_is_the_one_that_is_told(base):
    path = "policies/production.yaml"
    text = EXAMPLES["policies/extended.yaml"].replace("name: extended", "name: production")
    (base / path).write_text(text.replace("minimum: 0.6", "minimum: 0.4"), encoding="utf-8")
    (wrong,) = validate_tree(base, []).problems
    assert f"{wrong.found}; {wrong.expected}" in PAGE
    assert parse_policy(path, text.encode()).gates[0].parameters["minimum"] == 0.6
