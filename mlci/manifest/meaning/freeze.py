"""Windows of a freeze: moments of the calendar, or hours of a week in a zone that is known."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mlci.manifest.document import mappings
from mlci.manifest.problems import Problems, nearest, show
from mlci.manifest.yaml import Keys

_SHAPE = re.compile(r"[0-9-]{10}T[0-9:]{8}(Z|[+-][0-9:]{5})")
_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+/-]*")


def check_freeze(said: Mapping[str, Any], place: Keys, problems: Problems) -> None:
    """Adds what is wrong with the meaning of the windows; ``place`` is that of the environment."""
    for index, window in mappings(said, "freeze"):
        keys = (*place, "freeze", index)
        if "zone" in window:
            _check_weekly(window, keys, problems)
            continue
        begins, ends = (_moment(window, name, keys, problems) for name in ("from", "until"))
        if begins is not None and ends is not None and ends <= begins:
            found = f"{window['until']}, which is not after {window['from']}"
            problems.add((*keys, "until"), found, "an end after the beginning")


def _check_weekly(window: Mapping[str, Any], keys: Keys, problems: Problems) -> None:
    zone = window["zone"]
    if isinstance(zone, str) and _ZONE.fullmatch(zone) and not _known(zone):
        from zoneinfo import available_timezones  # reads the whole database

        near = nearest(zone, sorted(available_timezones()))
        expected = "a time zone of the IANA database, such as Europe/Berlin"
        problems.add((*keys, "zone"), show(zone), expected, near)
    if isinstance(window.get("until"), str) and window.get("until") == window.get("from"):
        found = f"{window['until']}, which is its beginning too"
        problems.add((*keys, "until"), found, "another hour of the week, or `hold: true`")


def _known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # not there, not a name, a folder of zones
        return False
    return True


def _moment(
    window: Mapping[str, Any], name: str, keys: Keys, problems: Problems
) -> datetime | None:
    """None for what is no moment of the calendar, or has not the schema's shape."""
    text = window.get(name)
    if not isinstance(text, str) or not _SHAPE.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        problems.add((*keys, name), show(text), "a moment of the calendar")
        return None
