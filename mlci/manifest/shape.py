"""What of a document is not as its schema says."""

from dataclasses import dataclass
from typing import Any

from mlci.errors import BadInput
from mlci.manifest.conforms import conforms
from mlci.manifest.yaml import Keys
from mlci.records.source import Source


@dataclass(frozen=True, kw_only=True)
class Shape:
    """``refused`` are the keys to values that say nothing, ``unknown`` keys without a meaning."""

    problems: tuple[BadInput, ...] = ()
    refused: frozenset[Keys] = frozenset()
    unknown: frozenset[Keys] = frozenset()


def shape(source: Source, value: Any, schema: str) -> Shape:
    """What in ``value`` the schema of that name doesn't admit, each once; at most MOST of it."""
    if conforms(value, schema):
        return Shape()
    # Its import alone takes longer than all else that a document without mistakes needs.
    from mlci.manifest.brought import POLICY, with_plugins
    from mlci.manifest.schema_check import violations

    return violations(source, value, with_plugins(source, value) if schema == POLICY else schema)
