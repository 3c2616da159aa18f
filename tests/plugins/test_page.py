"""docs/plugins.md shows the example packages as they are, and states the limits that there are."""

import re
import tomllib
from pathlib import Path

import pytest

from mlci.gates.brought.estimates import FEWEST_EVENTS, FEWEST_ROWS
from mlci.gates.brought.evidence import MOST_ROWS
from mlci.gates.brought.frame import seconds
from mlci.manifest.policy import parse_policy
from mlci.plugins import PluginMetric
from mlci.plugins.metric import FEWEST, MOST, USUAL
from mlci.statistics.resampled import FEWEST_BEYOND

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
EXAMPLES = {"mlci_kappa": "plugin-kappa", "mlci_churn": "plugin-churn"}


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_code_is_that_of_the_packages():
    shown = [
        (ROOT / "examples" / folder / f"{module}.py").read_text(encoding="utf-8")
        for module, folder in EXAMPLES.items()
    ]
    assert blocks("python") == shown


def test_the_entry_points_are_those_of_the_packages():
    for text, folder in zip(blocks("toml"), EXAMPLES.values(), strict=True):
        said = tomllib.loads(text)["project"]
        project = tomllib.loads((ROOT / f"examples/{folder}/pyproject.toml").read_text("utf-8"))
        assert said.items() <= project["project"].items()


def test_the_policies_are_right_where_the_packages_are_installed(bring):
    points = ({"cohen_kappa": ":cohen_kappa"}, {"churn": ""})
    groups = ("mlci.metrics", "mlci.gates")
    for (module, folder), group, names in zip(EXAMPLES.items(), groups, points, strict=True):
        text = (ROOT / f"examples/{folder}/{module}.py").read_text(encoding="utf-8")
        bring(f"d-{folder}", group, text, **names)
    head = "apiVersion: mlci.dev/v1\nkind: GatePolicy\nmetadata: {name: own}\nspec:\n"
    head += "  appliesTo: {environments: [staging]}\n"
    for text in blocks("yaml"):
        indented = "".join(f"  {line}\n" for line in text.splitlines())
        assert parse_policy("policies/own.yaml", (head + indented).encode()).gates


@pytest.mark.parametrize(
    "words",
    [
        f"{FEWEST} to {MOST:,}, default {USUAL}",
        f"fewer than {FEWEST_ROWS}, fewer than {FEWEST_EVENTS} events",
        f"{MOST_ROWS:,} rows",
        f"A bound needs {FEWEST_BEYOND} resamples beyond it",
        f"some {seconds(10_000, USUAL):.0f} seconds",
        *(f"| `{name}` |" for name in ("function", "direction", "of_scores", "weighted")),
    ],
)
def test_the_numbers_are_those_of_the_code(words):
    assert words in PAGE.replace("\n", " ")


def test_every_field_of_a_declaration_is_explained():
    for name in PluginMetric.__dataclass_fields__:
        assert f"`{name}`" in PAGE
