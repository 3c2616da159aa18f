"""All that the data gate keeps of an exam's rows: counts and sketches, which merge over shards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from mlci.evaluation.quality import columns, leakage, sketch
from mlci.evaluation.quality.columns import ColumnCount
from mlci.evaluation.quality.leakage import Likeness
from mlci.evaluation.quality.sketch import Sketch

Kept = TypeVar("Kept")


@dataclass(frozen=True, kw_only=True)
class Survey:
    """``stored`` is each column's type as the file has it. ``counts`` are of the columns that
    something is expected of; ``rows`` of the whole rows, None where the columns to compare are
    missing; ``unique`` of the columns whose values must not repeat; ``likeness`` of each column to
    the label, ``identifiers`` of those that may name what rows belong to, ``clusters`` of the one
    that the evaluation set names for it."""

    rows: int
    stored: Mapping[str, str]
    counts: Mapping[str, ColumnCount]
    duplicates: Sketch | None
    unique: Mapping[str, Sketch]
    likeness: Mapping[str, Likeness]
    identifiers: Mapping[str, Sketch]
    clusters: Sketch | None


def merge(one: Survey, other: Survey) -> Survey:
    """The survey of both shards' rows. Raises ValueError for surveys of different columns."""
    if one.stored != other.stored:
        raise ValueError("surveys of different columns")
    return Survey(
        rows=one.rows + other.rows,
        stored=one.stored,
        counts=_each(columns.merge, one.counts, other.counts),
        duplicates=_both(one.duplicates, other.duplicates),
        unique=_each(sketch.merge, one.unique, other.unique),
        likeness=_each(leakage.merge, one.likeness, other.likeness),
        identifiers=_each(sketch.merge, one.identifiers, other.identifiers),
        clusters=_both(one.clusters, other.clusters),
    )


def _each(
    join: Callable[[Kept, Kept], Kept], one: Mapping[str, Kept], other: Mapping[str, Kept]
) -> dict[str, Kept]:
    if one.keys() != other.keys():
        raise ValueError("surveys of different columns")
    return {name: join(one[name], other[name]) for name in one}


def _both(one: Sketch | None, other: Sketch | None) -> Sketch | None:
    if one is None or other is None:
        return None
    return sketch.merge(one, other)
