"""Freeze windows: when no delivery starts and none goes a step further. Pure.

A window holds neither the watching nor a way back: what harms users at Christmas goes back at
Christmas.
"""

from datetime import UTC, datetime

from mlci.records.project import Environment


def frozen(environment: Environment | None, at: datetime) -> str:
    """Why nothing new may go on in the environment at that moment, which has a zone: the reason of
    the window and its end, of all windows the one that ends last; "" where nothing is frozen."""
    windows = environment.freeze if environment is not None else ()
    now = [each for each in windows if each.begins <= at < each.ends]
    if not now:
        return ""
    last = max(now, key=lambda each: each.ends)
    end = last.ends.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"frozen until {end}: {last.reason}"
