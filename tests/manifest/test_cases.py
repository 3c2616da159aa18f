"""Each folder in cases/ is laid over cases/base; ``expected.txt`` holds every problem there is.

A new folder is picked up by itself.
"""

import re
import shutil
from pathlib import Path

import pytest

from mlci.flow.validate import validate_tree

CASES = Path(__file__).parent / "cases"


def _folders(outcome):
    return [pytest.param(path, id=path.name) for path in sorted((CASES / outcome).iterdir())]


def _told(root):
    return [
        f"{each.place}: " + "; ".join(filter(None, (each.found, each.expected, each.next_step)))
        for each in validate_tree(root, []).problems
    ]


def test_the_base_is_right(base):
    assert _told(base) == []


@pytest.mark.parametrize("case", _folders("pass"))
def test_passes(case, base):
    shutil.copytree(case, base, dirs_exist_ok=True)
    assert _told(base) == []


@pytest.mark.parametrize("case", _folders("fail"))
def test_fails_with_exactly_the_expected_problems(case, base):
    shutil.copytree(case, base, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected.txt"))
    expected = (case / "expected.txt").read_text(encoding="utf-8").splitlines()
    assert expected
    assert _told(base) == expected
    assert all(re.match(r"[\w./-]+:\d+:\d+: ", line) for line in expected)


# Cases in which documents don't fit each other, and every text can be read to its end.
APART = [each for each in _folders("fail") if each.id.startswith(("together-", "name-"))]


@pytest.mark.parametrize("case", APART)
def test_an_unknown_key_in_every_file_hides_nothing(case, base):
    shutil.copytree(case, base, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected.txt"))
    before = _told(base)
    files = list(base.rglob("*.yaml"))
    for file in files:
        file.write_text(f"{file.read_text(encoding='utf-8')}zzz: 1\n", encoding="utf-8")
    after = _told(base)
    assert [line for line in after if "unknown key 'zzz'" not in line] == before
    assert len(after) == len(before) + len(files)
