"""Every table of docs/statistics.md in a smaller form: each promise holds, and the page has it."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]

SMALLER = {
    "proportions": {"runs": 20_000},
    "non_inferiority": {"runs": 20_000},
    "areas": {"runs": 500},
    "tables": {"runs": 300},
    "classes": {"runs": 60},
    "numbers": {"runs": 100},
    "calibration": {"runs": 150},
    "fairness": {"runs": 200},
    "gaps": {"runs": 150},
    "mean_gaps": {"runs": 60},
    "one_sample": {"runs": 200, "requests": 5_000},
    "canary": {"runs": 60, "scrapes": 60},
    "ratio_looks": {"runs": 2_000},
}


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "tables"))
    monkeypatch.delitem(sys.modules, "error_rates", raising=False)
    return importlib.import_module("error_rates")


@pytest.mark.simulation
@pytest.mark.parametrize("name", SMALLER)
def test_every_promise_holds(rates: ModuleType, name: str) -> None:
    rows = list(rates.TABLES[name](**SMALLER[name]))
    assert any(row.promised is not None for row in rows)
    assert [row for row in rows if not row.holds()] == []


def test_every_table_is_checked_and_shown(rates: ModuleType) -> None:
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    assert set(SMALLER) == set(rates.TABLES)
    for table in rates.TABLES.values():
        assert table.__doc__.strip() in page
    assert "broken" not in page


def test_a_promise_can_break(rates: ModuleType) -> None:
    row = importlib.import_module("row").Row
    assert row(what="", setting="", rate=0.05, runs=1000, promised=0.05).holds()
    assert not row(what="", setting="", rate=0.09, runs=1000, promised=0.05).holds()
