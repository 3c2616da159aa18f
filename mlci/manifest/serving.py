"""``serving`` of a release -> Serving."""

import re
from collections.abc import Mapping
from typing import Any

from mlci.manifest.document import dig
from mlci.manifest.problems import Problems, show
from mlci.records.serving import (
    DEFAULT_MIN_READY,
    DEFAULT_PORT,
    DEFAULT_STARTUP,
    Patch,
    Secret,
    Serving,
    Spread,
)
from mlci.records.units import seconds

_VARIABLE = re.compile(r"(?!MLCI_)[A-Za-z_][A-Za-z0-9_]*")


def check_serving(value: Any, problems: Problems) -> None:
    """Adds what is wrong with the meaning of whatever could be read."""
    keys = ("spec", "serving", "env")
    variables = dig(value, *keys)
    for name in variables if isinstance(variables, dict) else ():
        if not _VARIABLE.fullmatch(name):
            expected = "letters, digits and _, no digit first, and not MLCI_, which mlci sets"
            problems.add((*keys, name), show(name), expected)
    limits = dig(value, "spec", "serving", "resources", "limits")
    requests = dig(value, "spec", "serving", "resources", "requests")
    gpu = "nvidia.com/gpu"
    if dig(requests, gpu) is not None and dig(requests, gpu) != dig(limits, gpu):
        where = ("spec", "serving", "resources", "requests", gpu)
        problems.add(where, "GPUs requested", "the same number of them in limits: none is shared")


def serving(said: Mapping[str, Any]) -> Serving:
    """Of a release that has no problems."""
    return Serving(
        image=said.get("image"),
        replicas=int(said.get("replicas", 1)),
        port=int(said.get("port", DEFAULT_PORT)),
        command=tuple(said.get("command", ())),
        args=tuple(said.get("args", ())),
        env={name: _value(each) for name, each in said.get("env", {}).items()},
        resources=said.get("resources", {}),
        spread=_spread(said.get("spread")),
        min_ready=seconds(said["minReady"]) if "minReady" in said else DEFAULT_MIN_READY,
        startup=seconds(said["startup"]) if "startup" in said else DEFAULT_STARTUP,
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
