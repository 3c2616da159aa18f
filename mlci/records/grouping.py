"""How rows are sorted into groups: by the values of a column, or by where a number lies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """``bins`` are ascending edges: values below the first, from each edge up to the next, and
    from the last on. Without bins each value of the column is a group."""

    column: str
    bins: tuple[float, ...] = ()

    @property
    def key(self) -> str:
        """What tells two groupings apart: ``age``, ``age[30,50]``."""
        if not self.bins:
            return self.column
        return f"{self.column}[{','.join(f'{edge:g}' for edge in self.bins)}]"


def slice_grouping(entry: str | Mapping[str, Any]) -> Grouping:
    """Of an entry of ``slices``: a column, or ``{column: …, bins: […]}``."""
    if isinstance(entry, str):
        return Grouping(column=entry)
    bins = tuple(float(edge) for edge in entry.get("bins", ()))
    return Grouping(column=entry["column"], bins=bins)
