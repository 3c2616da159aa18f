"""Windows of a freeze that are moments of the calendar, each with its end behind its beginning."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mlci.manifest.document import mappings
from mlci.manifest.problems import Problems, show
from mlci.manifest.yaml import Keys

_SHAPE = re.compile(r"[0-9-]{10}T[0-9:]{8}(Z|[+-][0-9:]{5})")


def check_freeze(said: Mapping[str, Any], place: Keys, problems: Problems) -> None:
    """Adds what is wrong with the meaning of the windows; ``place`` is that of the environment."""
    for index, window in mappings(said, "freeze"):
        keys = (*place, "freeze", index)
        begins, ends = (_moment(window, name, keys, problems) for name in ("from", "until"))
        if begins is not None and ends is not None and ends <= begins:
            found = f"{window['until']}, which is not after {window['from']}"
            problems.add((*keys, "until"), found, "an end after the beginning")


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
