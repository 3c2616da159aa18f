"""One column against its owner's expectation, counted batch by batch.

Counts only: no value of the data is kept, since what is kept ends in verdicts that many read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mlci.evaluation.columns import is_text
from mlci.evaluation.dataset import Column
from mlci.records.expectations import ColumnExpectation, Kind
from mlci.records.moments import day, timestamp

Stored = Any  # a pyarrow.DataType


@dataclass(frozen=True, kw_only=True)
class ColumnCount:
    """``wrong`` counts values by what they break: ``below``, ``above``, ``notListed``,
    ``noMatch``, ``notWhole``, ``notFinite``. ``incomparable`` says why its values could not be
    looked at."""

    rows: int = 0
    nulls: int = 0
    wrong: Mapping[str, int] = field(default_factory=dict)
    incomparable: str = ""


def merge(one: ColumnCount, other: ColumnCount) -> ColumnCount:
    return ColumnCount(
        rows=one.rows + other.rows,
        nulls=one.nulls + other.nulls,
        wrong={
            key: one.wrong.get(key, 0) + other.wrong.get(key, 0)
            for key in sorted({*one.wrong, *other.wrong})
        },
        incomparable=one.incomparable or other.incomparable,
    )


def is_of(kind: Kind, stored: Stored) -> bool:
    """Whether a column stored so can hold values of the kind; floats may hold whole numbers."""
    types = pa.types
    whole = types.is_integer(stored)
    match kind:
        case Kind.INTEGER | Kind.NUMBER:
            return bool(whole or types.is_floating(stored) or types.is_decimal(stored))
        case Kind.STRING:
            return is_text(stored)
        case Kind.BOOLEAN:
            return bool(types.is_boolean(stored))
        case Kind.TIMESTAMP:
            return bool(types.is_timestamp(stored))
        case Kind.DATE:
            return bool(types.is_date(stored))


def incomparable(expected: ColumnExpectation, stored: Stored) -> str:
    """Why the column's values can't be held against the expectation, or nothing."""
    if expected.kind is None:
        return ""
    if not is_of(expected.kind, stored):
        return f"values of type {stored}, not {expected.kind}"
    bounds = [each for each in (expected.minimum, expected.maximum) if isinstance(each, str)]
    if expected.kind is Kind.TIMESTAMP and bounds:
        aware = timestamp(bounds[0]).tzinfo is not None
        if aware and stored.tz is None:
            return "timestamps without a time zone, and bounds with an offset"
        if stored.tz is not None and not aware:
            return f"timestamps with the time zone {stored.tz}, and bounds without an offset"
    return ""


def count(column: Column, expected: ColumnExpectation) -> ColumnCount:
    """Of one batch. An empty value breaks nothing but ``nulls``; NaN is an empty value."""
    rows, why = len(column), incomparable(expected, column.type)
    if pa.types.is_floating(column.type):
        # Not-a-number compares as neither below nor above anything.
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    nulls = column.null_count
    if why:
        return ColumnCount(rows=rows, nulls=nulls, incomparable=why)
    present = column.drop_null() if nulls else column
    hits = {key: int(pc.sum(mask).as_py() or 0) for key, mask in _masks(present, expected)}
    return ColumnCount(rows=rows, nulls=nulls, wrong={k: each for k, each in hits.items() if each})


def _masks(values: Column, expected: ColumnExpectation) -> list[tuple[str, Column]]:
    """What is wrong, by name: a boolean for each value."""
    masks = []
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.float64())
    floating = pa.types.is_floating(values.type)
    if floating and expected.kind in (Kind.INTEGER, Kind.NUMBER):
        masks.append(("notFinite", pc.invert(pc.is_finite(values))))
    if floating and expected.kind is Kind.INTEGER:
        masks.append(("notWhole", pc.not_equal(pc.trunc(values), values)))
    if expected.minimum is not None:
        masks.append(("below", pc.less(values, _bound(expected.minimum, values.type))))
    if expected.maximum is not None:
        masks.append(("above", pc.greater(values, _bound(expected.maximum, values.type))))
    if expected.one_of is not None:
        masks.append(("notListed", pc.invert(_listed(values, expected))))
    if expected.pattern is not None:
        whole = rf"\A(?:{expected.pattern})\z"
        masks.append(("noMatch", pc.invert(pc.match_substring_regex(values, whole))))
    return masks


def _bound(value: float | str, stored: Stored) -> Any:
    if not isinstance(value, str):
        return pa.scalar(value)
    if pa.types.is_date(stored):
        return pa.scalar(day(value), stored)
    # In microseconds: a bound finer than the column's unit must not be rounded to it.
    return pa.scalar(timestamp(value), pa.timestamp("us", stored.tz))


def _listed(values: Column, expected: ColumnExpectation) -> Column:
    listed = list(expected.one_of or ())
    if expected.kind in (Kind.INTEGER, Kind.NUMBER):
        # Whole numbers beyond 2**53 are compared as what they are, not as floats.
        if pa.types.is_integer(values.type):
            whole = [int(each) for each in listed if float(each).is_integer()]
            fitting = [each for each in whole if _fits(each, values.type)]
            return pc.is_in(values, pa.array(fitting, values.type))
        return pc.is_in(values.cast(pa.float64()), pa.array([float(each) for each in listed]))
    return pc.is_in(values, pa.array(listed, values.type))


def _fits(value: int, stored: Stored) -> bool:
    signed = pa.types.is_signed_integer(stored)
    low, bits = (
        (-(1 << (stored.bit_width - 1)), stored.bit_width - 1) if signed else (0, stored.bit_width)
    )
    return bool(low <= value < 1 << bits)
