"""The gates that packages bring: they plan, measure and judge by keys of their own."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from mlci import schemas

if TYPE_CHECKING:
    from mlci.plugins.brought import BroughtGate
    from mlci.plugins.discovery import Plugin

GROUP = "mlci.gates"
COMMON = ("gate", "name", "required", "confidence")
_PREFIX, _NOT_A_GATE = "gate-", "gate-policy"


@cache
def built_in() -> tuple[str, ...]:
    """The names of mlci's own gates: each has its schema."""
    every = [each for each in schemas.names() if each.startswith(_PREFIX) and each != _NOT_A_GATE]
    return tuple(each.removeprefix(_PREFIX) for each in every)


def is_brought(name: object) -> bool:
    """Whether a package brings a gate of this name. Raises Broken as ``brought`` does."""
    return isinstance(name, str) and name not in built_in() and brought(name) is not None


@cache
def brought(name: str) -> "BroughtGate | None":
    """The gate that a package brings under this name; None where none does.

    Raises Broken for one that can't be imported, has another ID, lacks a half or a schema, and as
    ``discovery.find`` does.
    """
    from mlci.plugins import discovery
    from mlci.plugins.brought import BroughtGate

    plugin = discovery.find(GROUP, name, built_in())
    if plugin is None:
        return None
    gate = plugin.load()
    if getattr(gate, "ID", None) != name:
        raise plugin.broken(f"its ID is {getattr(gate, 'ID', None)!r}", f"{name!r}")
    for half in ("plan", "measure", "judge"):
        if not callable(getattr(gate, half, None)):
            raise plugin.broken(f"no {half}", "plan, measure and judge, as of any gate")
    return BroughtGate(plugin=plugin, gate=gate, schema=_schema(plugin, gate))


def _schema(plugin: "Plugin", gate: Any) -> Mapping[str, Any]:
    """Its own keys and those that every gate has; closed to all others."""
    from jsonschema import Draft202012Validator, SchemaError

    own = getattr(gate, "SCHEMA", None)
    if not isinstance(own, Mapping) or not isinstance(own.get("properties"), Mapping):
        raise plugin.broken("no SCHEMA with properties", "the JSON Schema of the gate's keys")
    taken = sorted(set(COMMON) & set(own["properties"]))
    if taken:
        raise plugin.broken(f"the key {taken[0]!r} in its SCHEMA", "keys that not every gate has")
    if "$ref" in str(own):
        raise plugin.broken("a $ref in its SCHEMA", "a schema without references")
    try:
        Draft202012Validator.check_schema(own)
    except SchemaError as error:
        raise plugin.broken(f"its SCHEMA is none: {error.message}", "a JSON Schema") from error
    common = schemas.flat(f"{_PREFIX}{built_in()[0]}")["properties"]
    return {
        **own,
        "type": "object",
        "additionalProperties": False,
        "required": ["gate", *own.get("required", ())],
        "properties": {
            **{key: common[key] for key in COMMON},
            "gate": {"const": plugin.name},
            **own["properties"],
        },
    }
