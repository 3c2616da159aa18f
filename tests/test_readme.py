"""What README and docs promise is there: commands, verbs, links, a heading and a test a gate."""

import re
from pathlib import Path

import pytest

from mlci.cli import VERBS
from mlci.gates.registry import GATES
from mlci.schemas import names

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("which", ["first", "second"])
def test_the_readme_has_its_two_commands_on_one_line_each(which):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(rf"<!-- {which} command -->\n```console\n\$ (.+)\n```", readme)
    assert block is not None
    assert block[1].startswith("python3 -m venv .venv && ")


def test_the_pipeline_runs_the_commands_as_the_readme_has_them():
    pipeline = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert "<!-- second command -->" in pipeline
    first = (ROOT / ".ci/first_command.py").read_text(encoding="utf-8")
    assert "<!-- first command -->" in first


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_verb_that_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|\$ )mlci ([a-z]+)\b", text))
    assert named <= set(VERBS), f"{page} names {named - set(VERBS)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), f"{page}: {target}"


@pytest.mark.parametrize("gate", sorted(GATES))
def test_a_gate_has_its_heading_its_schema_and_its_tests(gate):
    headings = re.findall(r"^#+ (.*)$", (ROOT / "docs/gates.md").read_text("utf-8"), re.MULTILINE)
    assert any(gate in heading.lower() for heading in headings)
    assert f"gate-{gate}" in names()
    tests = ROOT / "tests/gates"
    assert (tests / f"test_{gate}.py").exists() or (tests / gate).is_dir()
