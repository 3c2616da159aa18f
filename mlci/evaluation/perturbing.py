"""Rows with noise, missing values or swapped categories in them.

What is done to a row depends on its number and the column's name alone: not on the batch, on the
shard or on the model that is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import ndtri

from mlci.errors import Broken
from mlci.evaluation.columns import distinct
from mlci.evaluation.dataset import Column, Dataset
from mlci.evaluation.groups import MOST_LEVELS
from mlci.records.perturbation import Perturbation, PerturbationKind
from mlci.statistics.draws import uniforms

_SEED = 20_260_801

Mask = NDArray[np.bool_]


class Change(Protocol):
    """One column of one batch -> what it becomes, and bool [n]: which of its values differ."""

    def __call__(self, values: Column, first_row: int) -> tuple[Column, Mask]: ...


@dataclass(frozen=True, kw_only=True)
class Perturbed:
    """What is done to each of the columns."""

    changes: Mapping[str, Change]

    def __call__(
        self, batch: Mapping[str, Column], first_row: int
    ) -> tuple[dict[str, Column], Mask]:
        """A batch whose first row has that number in the data -> the perturbed one, and bool [n]:
        the rows in which a value differs. Columns that aren't in the batch are drawn too."""
        columns = dict(batch)
        differs = np.zeros(len(next(iter(batch.values()))), np.bool_)
        for column, change in self.changes.items():
            columns[column], here = change(batch[column], first_row)
            differs |= here
        return columns, differs


def prepare(perturbation: Perturbation, dataset: Dataset) -> Perturbed:
    """Reads what the change needs to know of the columns: their spread, or their values.

    Raises Broken, with the column's name, where it can't be changed so.
    """
    changes: dict[str, Change] = {}
    for column in perturbation.columns:
        dataset.require(column, f"a column that the perturbation {perturbation.kind} changes")
        stream = f"{_SEED}/{perturbation.kind}/{column}"
        match perturbation.kind:
            case PerturbationKind.NOISE:
                spread, low, high = _spread(dataset, column)
                changes[column] = Noise(
                    stream=stream, spread=perturbation.amount * spread, low=low, high=high
                )
            case PerturbationKind.MISSING:
                changes[column] = Missing(stream=stream, share=perturbation.amount)
            case PerturbationKind.SWAP:
                levels, counts = _levels(dataset, column)
                changes[column] = Swap(
                    stream=stream, share=perturbation.amount, levels=levels, counts=counts
                )
    return Perturbed(changes=changes)


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Adds normal noise of standard deviation ``spread`` as far as the range from ``low`` to
    ``high`` lets it; integers stay integers of their type."""

    stream: str
    spread: float
    low: float
    high: float

    def __call__(self, values: Column, first_row: int) -> tuple[Column, Mask]:
        noise = self.spread * ndtri(uniforms(self.stream, first_row, len(values)))
        old = _floats(values)
        new = np.clip(old + noise, self.low, self.high)
        if pa.types.is_integer(values.type):
            new = np.rint(new)
        differs = np.isfinite(old) & (new != old)
        kind = values.type if pa.types.is_integer(values.type) else pa.float64()
        # Where nothing differs the old value stays: an empty one empty, an infinite one infinite.
        changed = pa.array(new, mask=~differs).cast(kind)
        return pc.if_else(pa.array(differs), changed, values.cast(kind)), differs


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Leaves out each value with probability ``share``."""

    stream: str
    share: float

    def __call__(self, values: Column, first_row: int) -> tuple[Column, Mask]:
        drawn = uniforms(self.stream, first_row, len(values)) < self.share
        differs = drawn & _there(values)
        return pc.if_else(pa.array(differs), pa.scalar(None, values.type), values), differs


@dataclass(frozen=True, kw_only=True)
class Swap:
    """Gives each value, with probability ``share``, another one: drawn from the column's own
    distribution without the value itself. ``counts`` int64 [levels] are the levels' rows."""

    stream: str
    share: float
    levels: tuple[Any, ...]
    counts: NDArray[np.int64]

    def __call__(self, values: Column, first_row: int) -> tuple[Column, Mask]:
        rows = len(values)
        drawn = uniforms(self.stream, first_row, rows) < self.share
        differs = drawn & _there(values)
        known = {level: code for code, level in enumerate(self.levels)}
        codes, here = distinct(values)
        own = np.array([known.get(value, 0) for value in here], np.intp)[codes]
        others = self._others(own, uniforms(f"{self.stream}/which", first_row, rows))
        drawn_levels = pa.array(self.levels, type=values.type).take(pa.array(others))
        return pc.if_else(pa.array(differs), drawn_levels, values), differs

    def _others(self, own: NDArray[np.intp], uniform: NDArray[np.float64]) -> NDArray[np.intp]:
        """Draws by inversion from the levels laid end to end, each as long as its rows, with the
        row's own level cut out."""
        ends = np.cumsum(self.counts)
        place = uniform * (ends[-1] - self.counts[own])
        place += np.where(place >= ends[own] - self.counts[own], self.counts[own], 0)
        return np.asarray(np.searchsorted(ends, place, side="right"))


def _spread(dataset: Dataset, column: str) -> tuple[float, float, float]:
    """Of a column's finite values, in one pass: standard deviation, least and largest. Raises
    Broken."""
    kind = dataset.type_of(column)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise _unfit(dataset, column, f"values of type {kind}", "numbers, for noise")
    count, mean, squares, low, high = 0, 0.0, 0.0, np.inf, -np.inf
    for batch in dataset.batches([column]):
        values = _floats(batch[column])
        values = values[np.isfinite(values)]
        if values.size:
            # Chan, Golub & LeVeque (1983): moments of two parts make those of the whole.
            own, off = float(values.mean()), float(values.mean()) - mean
            squares += float(np.square(values - own).sum())
            squares += off * off * count * values.size / (count + values.size)
            mean += off * values.size / (count + values.size)
            count += values.size
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    if not squares > 0.0:
        raise _unfit(dataset, column, "one value in every row", "values that vary, for noise")
    least, most = _limits(kind) if pa.types.is_integer(kind) else (-np.inf, np.inf)
    return float(np.sqrt(squares / count)), max(low, least), min(high, most)


def _levels(dataset: Dataset, column: str) -> tuple[tuple[Any, ...], NDArray[np.int64]]:
    """A column's values in their order, and how many rows have each. Raises Broken."""
    kind = dataset.type_of(column)
    if pa.types.is_nested(kind):
        raise _unfit(dataset, column, f"values of type {kind}", "categories, to be swapped")
    counts: dict[Any, int] = {}
    for batch in dataset.coded([column]):
        codes, values = distinct(batch[column])
        for value, count in zip(values, np.bincount(codes, minlength=len(values)), strict=True):
            if value is not None and value == value:
                counts[value] = counts.get(value, 0) + int(count)
        if len(counts) > MOST_LEVELS:
            found = f"more than {MOST_LEVELS:,} different values"
            raise _unfit(dataset, column, found, "categories, to be swapped")
    if len(counts) < 2:
        raise _unfit(dataset, column, "one value in every row", "two categories or more")
    levels = tuple(sorted(counts))
    return levels, np.array([counts[level] for level in levels], np.int64)


def _floats(values: Column) -> NDArray[np.float64]:
    """float64 [n]; an empty value is NaN."""
    return np.asarray(values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))


def _limits(kind: Any) -> tuple[float, float]:
    """The ends of an integer type, as numbers that float64 can hold."""
    limits = np.iinfo(kind.to_pandas_dtype())
    high = float(limits.max)
    return float(limits.min), high if int(high) <= limits.max else float(np.nextafter(high, 0.0))


def _there(values: Column) -> Mask:
    """Which values are not empty; NaN is."""
    return ~np.asarray(values.is_null(nan_is_null=True).to_numpy(zero_copy_only=False))


def _unfit(dataset: Dataset, column: str, found: str, expected: str) -> Broken:
    return Broken(
        place=f"{dataset.place}: column {column!r}",
        found=found,
        expected=expected,
        next_step="name other columns in the gate's perturbations",
    )
