"""What a policy's waivers say: who accepts what for which release, within the policy's limits."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from mlci.records.waiver import Waiver, WaiverRules


def waivers(spec: Mapping[str, Any]) -> tuple[Waiver, ...]:
    return tuple(
        Waiver(
            gate=each["gate"],
            metric=each.get("metric"),
            model=each["release"]["model"],
            environment=each["release"]["environment"],
            version=each["release"].get("version"),
            digest=each["release"].get("digest"),
            reason=each["reason"],
            approver=each["approver"],
            granted=date.fromisoformat(each["granted"]),
            expires=date.fromisoformat(each["expires"]),
        )
        for each in spec.get("waivers", ())
    )


def waiver_rules(spec: Mapping[str, Any]) -> WaiverRules:
    said = spec.get("waiverRules", {})
    gates = said.get("gates")
    return WaiverRules(
        maximum_days=said.get("maximumDays", WaiverRules().maximum_days),
        gates=None if gates is None else tuple(gates),
    )
