"""Windows in which nothing new goes on."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, reset_tzpath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.flow.freeze import frozen
from mlci.records.project import Environment, Freeze, Weekly

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
DAY, HOUR = 24 * 60, 60
MONDAY, FRIDAY, SUNDAY = 0, 4 * DAY, 6 * DAY


def production(*windows):
    return Environment(name="production", engine={}, freeze=windows)


def weekly(begins, ends, zone="Europe/Berlin"):
    return Weekly(begins=begins, ends=ends, zone=zone, reason="nobody is there")


def edges(window, begins, ends):
    """Frozen from ``begins`` on until ``ends``, both in UTC, and not a second longer."""
    begins, ends = (datetime.fromisoformat(f"{each}Z") for each in (begins, ends))
    says = f"frozen until {ends:%Y-%m-%dT%H:%M:%SZ}: nobody is there"
    moments = (begins - SECOND, begins, begins + (ends - begins) / 2, ends - SECOND, ends)
    assert [frozen(production(window), at) for at in moments] == ["", says, says, says, ""]


def test_a_window_holds_from_its_beginning_until_its_end_which_is_free():
    says = "frozen until 2027-01-01T23:00:00Z: the busiest days"
    moments = (CHRISTMAS.begins, CHRISTMAS.begins - SECOND, CHRISTMAS.ends - SECOND, CHRISTMAS.ends)
    assert [frozen(production(CHRISTMAS), at) for at in moments] == [says, "", says, ""]
    assert frozen(Environment(name="staging", engine={}), CHRISTMAS.begins) == ""
    assert frozen(None, CHRISTMAS.begins) == ""


def test_of_windows_that_overlap_the_last_end_is_said():
    for at in (QUARTER.begins, CHRISTMAS.ends):
        says = frozen(production(QUARTER, CHRISTMAS), at)
        assert says == "frozen until 2027-01-04T00:00:00Z: books are closed"
    weekend = weekly(FRIDAY, MONDAY + 8 * HOUR)
    says = frozen(production(weekend, CHRISTMAS), datetime(2027, 1, 1, 22, 59, tzinfo=UTC))
    assert says == "frozen until 2027-01-04T07:00:00Z: nobody is there"


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("2026-01-09T15:00:00", "2026-01-12T07:00:00"),
        ("2026-07-10T14:00:00", "2026-07-13T06:00:00"),
        ("2026-03-27T15:00:00", "2026-03-30T06:00:00"),  # 63 hours: clocks go forward
        ("2026-10-23T14:00:00", "2026-10-26T07:00:00"),  # 65 hours: clocks go back
        ("2027-01-01T15:00:00", "2027-01-04T07:00:00"),  # into another year
    ],
)
def test_a_weekend_is_that_of_the_zones_clocks(begins, ends):
    edges(weekly(FRIDAY + 16 * HOUR, MONDAY + 8 * HOUR), begins, ends)


@pytest.mark.parametrize(
    ("hours", "begins", "ends"),
    [
        # 2026-03-29: 02:00 to 03:00 are not there, 01:00Z is the moment they are skipped.
        ((2.5, 4), "2026-03-29T01:00:00", "2026-03-29T02:00:00"),
        ((1, 2.5), "2026-03-29T00:00:00", "2026-03-29T01:00:00"),
        # 2026-10-25: 02:00 to 03:00 are there twice, from 00:00Z and from 01:00Z on.
        ((2.5, 4), "2026-10-25T00:30:00", "2026-10-25T03:00:00"),
        ((1, 2.5), "2026-10-24T23:00:00", "2026-10-25T01:30:00"),
        ((2.25, 2.5), "2026-10-25T00:15:00", "2026-10-25T01:30:00"),
    ],
)
def test_an_hour_that_is_skipped_or_repeated(hours, begins, ends):
    edges(weekly(*(SUNDAY + int(each * HOUR) for each in hours)), begins, ends)


def test_a_window_within_skipped_hours_is_none_that_week():
    window = weekly(SUNDAY + 2 * HOUR + 15, SUNDAY + 2 * HOUR + 45)
    start = datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert not any(frozen(production(window), start + timedelta(minutes=at)) for at in range(480))
    edges(window, "2026-04-05T00:15:00", "2026-04-05T00:45:00")


def test_zones_that_change_by_half_an_hour_or_skip_a_day():
    edges(  # 2026-10-04 02:00 becomes 02:30
        weekly(SUNDAY + 2 * HOUR + 15, SUNDAY + 3 * HOUR, "Australia/Lord_Howe"),
        "2026-10-03T15:30:00",
        "2026-10-03T16:00:00",
    )
    edges(  # 2011-12-30, a Friday, was not there
        weekly(FRIDAY + 12 * HOUR, FRIDAY + DAY + 12 * HOUR, "Pacific/Apia"),
        "2011-12-30T10:00:00",
        "2011-12-30T22:00:00",
    )


@settings(max_examples=60, deadline=None)
@given(
    begins=st.integers(0, 7 * DAY - 1),
    length=st.integers(1, 7 * DAY - 1),
    at=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_far_from_a_change_it_is_what_the_clock_on_the_wall_says(begins, length, at, zone):
    window = weekly(begins, (begins + length) % (7 * DAY), zone)
    wall = at.replace(tzinfo=ZoneInfo(zone))
    apart = timedelta(days=8)
    if (wall - apart).utcoffset() != (wall + apart).utcoffset():
        return
    minute = wall.weekday() * DAY + wall.hour * HOUR + wall.minute
    inside = (minute - begins) % (7 * DAY) < length
    assert bool(frozen(production(window), wall.astimezone(UTC))) == inside


@pytest.fixture
def bare_system():
    """No zones of the system's own, as in slim images."""
    reset_tzpath(to=[])
    ZoneInfo.clear_cache()
    yield
    reset_tzpath()
    ZoneInfo.clear_cache()


def test_zones_are_known_where_the_system_has_none(bare_system):
    edges(weekly(FRIDAY, FRIDAY + HOUR), "2026-07-09T22:00:00", "2026-07-09T23:00:00")
