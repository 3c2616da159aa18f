"""Freeze windows: when no delivery starts and none goes a step further. Pure.

A window holds neither the watching nor a way back: what harms users at Christmas goes back at
Christmas.
"""

from bisect import bisect_left
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mlci.records.project import Environment, Freeze, Weekly

_WEEK = 7 * 24 * 60  # minutes


def frozen(environment: Environment | None, at: datetime) -> str:
    """Why nothing new may go on in the environment at that moment, which has a zone: the reason of
    the window and its end, of all windows the one that ends last; "" where nothing is frozen."""
    windows = environment.freeze if environment is not None else ()
    dated = [one for each in windows for one in _around(each, at)]
    now = [each for each in dated if each.begins <= at < each.ends]
    if not now:
        return ""
    last = max(now, key=lambda each: each.ends)
    end = last.ends.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"frozen until {end}: {last.reason}"


def _around(window: Freeze | Weekly, at: datetime) -> tuple[Freeze, ...]:
    """The window itself; of a weekly one those that begin in the week of ``at`` and next to it."""
    if isinstance(window, Freeze):
        return (window,)
    zone = ZoneInfo(window.zone)
    here = at.astimezone(zone).date()
    monday = datetime.combine(here - timedelta(days=here.weekday()), time())
    length = (window.ends - window.begins) % _WEEK
    starts = [monday + timedelta(weeks=week, minutes=window.begins) for week in (-1, 0, 1)]
    return tuple(
        Freeze(
            begins=_moment(start, zone, last=False),
            ends=_moment(start + timedelta(minutes=length), zone, last=True),
            reason=window.reason,
        )
        for start in starts
    )


def _moment(wall: datetime, zone: ZoneInfo, *, last: bool) -> datetime:
    """When the clocks of the zone show ``wall``: where they are set back and show it twice, the
    ``last`` time or the first; where they are set forward past it, the moment they are."""
    early, late = sorted(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if _shown(early, zone) == wall:
        return late if last else early
    seconds = range(int((late - early).total_seconds()))
    skipped = bisect_left(
        seconds, True, key=lambda after: _shown(early + timedelta(seconds=after), zone) >= wall
    )
    return early + timedelta(seconds=skipped)


def _shown(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)
