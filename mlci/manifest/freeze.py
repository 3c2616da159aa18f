"""``freeze`` of an environment: when no delivery starts or goes a step further."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mlci.records.project import Freeze


def freeze(said: Mapping[str, Any]) -> tuple[Freeze, ...]:
    """Of an environment that has no problems."""
    return tuple(
        Freeze(
            begins=datetime.fromisoformat(each["from"]),
            ends=datetime.fromisoformat(each["until"]),
            reason=each["reason"],
        )
        for each in said.get("freeze", ())
    )
