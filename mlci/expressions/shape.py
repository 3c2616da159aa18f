"""The names that a rule may use: those of the manifest's and the verdict's own schemas."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from mlci import schemas

# A record's fields, a list of records, or a value about whose inside nothing is known.
Shape = Mapping[str, "Shape"] | list["Shape"] | None


@cache
def shapes() -> Mapping[str, Shape]:
    """Each variable of a rule with everything that it may hold."""
    manifest = schemas.flat("model-release")["properties"]["spec"]["properties"]
    verdict = schemas.flat("verdict")["properties"]
    release = _fields(verdict["release"])
    return {
        "release": {
            **release,
            "task": None,
            "evaluation": None,
            "lineage": _shape(manifest["lineage"]),
            "serving": {"replicas": None},
            "rollout": {"steps": [{"weight": None, "bake": None}]},
        },
        "verdict": {
            "outcome": None,
            "champion": release,
            "evaluation": _shape(verdict["evaluation"]),
            "judgements": _shape(verdict["judgements"]),
        },
        "governance": _shape(manifest["governance"]),
    }


def _fields(schema: Mapping[str, Any]) -> dict[str, Shape]:
    return {name: _shape(each) for name, each in schema["properties"].items()}


def _shape(schema: Mapping[str, Any]) -> Shape:
    if "properties" in schema:
        return _fields(schema)
    inner = _shape(schema["items"]) if "items" in schema else None
    return None if inner is None else [inner]
