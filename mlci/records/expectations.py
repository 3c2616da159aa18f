"""What an exam's owner expects of its data, before anything is judged on it."""

from dataclasses import dataclass
from enum import StrEnum

Value = str | int | float | bool


class Kind(StrEnum):
    """What the values of a column are, however the file stores them.

    INTEGER: whole numbers, also where they are stored as floats. NUMBER: any finite number.
    TIMESTAMP: with or without a time zone. DATE: days.
    """

    INTEGER = "integer"
    NUMBER = "number"
    STRING = "string"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    DATE = "date"


@dataclass(frozen=True, kw_only=True)
class ColumnExpectation:
    """``nulls`` is the largest share of empty values (NaN is one). ``minimum`` and ``maximum`` are
    numbers, or the text of a timestamp or date. ``pattern`` (RE2) must match a whole value."""

    name: str
    kind: Kind | None = None
    nulls: float | None = None
    minimum: float | str | None = None
    maximum: float | str | None = None
    one_of: tuple[Value, ...] | None = None
    pattern: str | None = None
    unique: bool = False


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """The largest share of rows that repeat an earlier one, in ``columns`` or, without any, in
    all."""

    maximum: float
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Expectations:
    """``columns`` and ``required`` must be there; ``closed`` permits no others but those that the
    evaluation set itself names. ``duplicates`` is None where nothing is said of them."""

    columns: tuple[ColumnExpectation, ...] = ()
    required: tuple[str, ...] = ()
    closed: bool = False
    minimum_rows: int | None = None
    maximum_rows: int | None = None
    duplicates: Duplicates | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that must be there, each once."""
        return tuple(dict.fromkeys([*(each.name for each in self.columns), *self.required]))
