"""``freeze`` of an environment: when no delivery starts or goes a step further."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mlci.records.project import Freeze, Weekly

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def freeze(said: Mapping[str, Any]) -> tuple[Freeze | Weekly, ...]:
    """Of an environment that has no problems."""
    return tuple(
        _weekly(each) if "zone" in each else _dated(each) for each in said.get("freeze", ())
    )


def _dated(window: Mapping[str, str]) -> Freeze:
    return Freeze(
        begins=datetime.fromisoformat(window["from"]),
        ends=datetime.fromisoformat(window["until"]),
        reason=window["reason"],
    )


def _weekly(window: Mapping[str, str]) -> Weekly:
    return Weekly(
        begins=_minute(window["from"]),
        ends=_minute(window["until"]),
        zone=window["zone"],
        reason=window["reason"],
    )


def _minute(text: str) -> int:
    """Of the week, from Monday 00:00 on: ``Tuesday 01:30`` is 1530."""
    day, hour = text.split(" ")
    return (_DAYS.index(day) * 24 + int(hour[:2])) * 60 + int(hour[3:])
