"""Reading a quantity before its document's shape is known to be right."""

from collections.abc import Callable
from typing import Any


def amount(unit: Callable[[Any], float], value: Any) -> float | None:
    """The quantity in ``unit`` (of ``mlci.records.units``), or None where it can't be read."""
    if not isinstance(value, str | int | float):
        return None
    try:
        return unit(value)
    except (ValueError, TypeError, AttributeError):
        return None


def number(value: Any) -> float | None:
    """The number, or None for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
