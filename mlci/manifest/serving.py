"""``serving`` of a release -> Serving."""

from collections.abc import Mapping
from typing import Any

from mlci.records.defaults import MIN_READY, PORT, STARTUP
from mlci.records.serving import Patch, Secret, Serving, Spread
from mlci.records.units import seconds


def serving(said: Mapping[str, Any]) -> Serving:
    """Of a release that has no problems."""
    return Serving(
        image=said.get("image"),
        replicas=int(said.get("replicas", 1)),
        port=int(said.get("port", PORT)),
        command=tuple(said.get("command", ())),
        args=tuple(said.get("args", ())),
        env={name: _value(each) for name, each in said.get("env", {}).items()},
        resources=said.get("resources", {}),
        spread=_spread(said.get("spread")),
        min_ready=seconds(said["minReady"]) if "minReady" in said else MIN_READY,
        startup=seconds(said["startup"]) if "startup" in said else STARTUP,
        patches=tuple(
            Patch(kind=each["kind"], patch=each["patch"], name=each.get("name"))
            for each in said.get("patches", ())
        ),
    )


def _value(said: str | Mapping[str, str]) -> str | Secret:
    return said if isinstance(said, str) else Secret(name=said["secret"], key=said["key"])


def _spread(said: list[Mapping[str, Any]] | None) -> tuple[Spread, ...]:
    if said is None:
        return Serving().spread
    return tuple(Spread(over=each["over"], required=each.get("required", False)) for each in said)
