"""The text of a timestamp or a date -> the moment it names."""

import re
from datetime import UTC, date, datetime

_TIMESTAMP = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def timestamp(text: str) -> datetime:
    """``2026-01-31T10:20:30Z``, or without an offset a wall clock's time. In UTC where it has one.

    Raises ValueError on anything else.
    """
    if _TIMESTAMP.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no timestamp such as 2026-01-31T10:20:30Z")
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(UTC)


def day(text: str) -> date:
    """``2026-01-31``. Raises ValueError on anything else."""
    if _DATE.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no date such as 2026-01-31")
    return date.fromisoformat(text)
