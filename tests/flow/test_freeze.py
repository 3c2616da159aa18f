"""Windows in which nothing new goes on."""

from datetime import UTC, datetime, timedelta, timezone

from mlci.flow.freeze import frozen
from mlci.records.project import Environment, Freeze

CHRISTMAS = Freeze(
    begins=datetime(2026, 12, 20, tzinfo=UTC),
    ends=datetime(2027, 1, 2, tzinfo=timezone(timedelta(hours=1))),
    reason="the busiest days",
)
QUARTER = Freeze(
    begins=datetime(2026, 12, 31, tzinfo=UTC),
    ends=datetime(2027, 1, 4, tzinfo=UTC),
    reason="books are closed",
)
SECOND = timedelta(seconds=1)


def test_a_window_holds_from_its_beginning_until_its_end_which_is_free():
    production = Environment(name="production", engine={}, freeze=(CHRISTMAS,))
    says = "frozen until 2027-01-01T23:00:00Z: the busiest days"
    moments = (CHRISTMAS.begins, CHRISTMAS.begins - SECOND, CHRISTMAS.ends - SECOND, CHRISTMAS.ends)
    assert [frozen(production, at) for at in moments] == [says, "", says, ""]
    assert frozen(Environment(name="staging", engine={}), CHRISTMAS.begins) == ""
    assert frozen(None, CHRISTMAS.begins) == ""


def test_of_windows_that_overlap_the_last_end_is_said():
    production = Environment(name="production", engine={}, freeze=(QUARTER, CHRISTMAS))
    for at in (QUARTER.begins, CHRISTMAS.ends):
        assert frozen(production, at) == "frozen until 2027-01-04T00:00:00Z: books are closed"
