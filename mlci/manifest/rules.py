"""``rules`` of a policy -> Rules."""

from collections.abc import Mapping
from typing import Any

from mlci.records.rule import Rule


def rules(spec: Mapping[str, Any]) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            id=each["id"],
            control=each["control"],
            title=each["title"],
            expression=each["expression"],
            message=each["message"],
        )
        for each in spec.get("rules", ())
    )
