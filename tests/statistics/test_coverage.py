"""Every table of docs/coverage.md in a smaller form: no bound misses more often than it says."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]

SMALLER = {
    "share_of_rows": {},
    "pairs_of_rows": {"runs": 2_000},
    "groups": {"runs": 40},
    "share_of_clusters": {"runs": 100},
    "pairs_of_clusters": {"runs": 60},
    "groups_of_clusters": {"runs": 40},
    "weights": {"runs": 200},
    "areas": {"runs": 100},
    "means": {"runs": 300},
}


@pytest.fixture
def coverage(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "tables"))
    # A tool of the same name may be there already.
    monkeypatch.delitem(sys.modules, "coverage_tables", raising=False)
    return importlib.import_module("coverage_tables")


@pytest.mark.simulation
@pytest.mark.parametrize("name", SMALLER)
def test_no_bound_misses_more_often_than_it_says(coverage: ModuleType, name: str) -> None:
    rows = list(getattr(coverage, name)(**SMALLER[name]))
    assert rows
    assert [row for row in rows if not row.holds()] == []


def test_every_table_is_shown(coverage: ModuleType) -> None:
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    for name in SMALLER:
        assert getattr(coverage, name).__doc__.strip() in page
    assert "broken" not in page
