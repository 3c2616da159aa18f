"""The day and the moment it is, read at the edge and passed on."""

from datetime import UTC, date, datetime


def today() -> date:
    """In UTC, as waivers count."""
    return datetime.now(UTC).date()


def moment() -> datetime:
    """In UTC."""
    return datetime.now(UTC)
