"""``spec.expectations`` of an evaluation set -> Expectations."""

from collections.abc import Mapping
from typing import Any

from mlci.records.expectations import ColumnExpectation, Duplicates, Expectations, Kind
from mlci.records.units import share


def typed(spec: Mapping[str, Any]) -> Expectations:
    """From what the schema and ``check`` have admitted."""
    rows, duplicates = spec.get("rows", {}), spec.get("duplicates")
    return Expectations(
        columns=tuple(_column(name, each) for name, each in spec.get("columns", {}).items()),
        required=tuple(spec.get("required", ())),
        closed=spec.get("closed", False),
        minimum_rows=rows.get("minimum"),
        maximum_rows=rows.get("maximum"),
        duplicates=None
        if duplicates is None
        else Duplicates(
            maximum=share(duplicates["maximum"]), columns=tuple(duplicates.get("columns", ()))
        ),
    )


def _column(name: str, spec: Mapping[str, Any]) -> ColumnExpectation:
    return ColumnExpectation(
        name=name,
        kind=Kind(spec["type"]) if "type" in spec else None,
        nulls=share(spec["nulls"]) if "nulls" in spec else None,
        minimum=spec.get("minimum"),
        maximum=spec.get("maximum"),
        one_of=tuple(spec["oneOf"]) if "oneOf" in spec else None,
        pattern=spec.get("pattern"),
        unique=spec.get("unique", False),
    )
