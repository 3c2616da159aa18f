"""The exam's inputs counted into bins of the champion's exam, and that exam in the same bins.

Numbers fall between the deciles of a sample of the champion's exam; other values into its most
frequent levels and one bin for the rest. Empty values have a bin of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlci.evaluation.dataset import Column, Dataset
from mlci.evaluation.quality.hashing import Hashes, hash_values, hashable
from mlci.evaluation.quality.leakage import numbers
from mlci.evaluation.quality.sketch import Counter

BINS = 10
LEVELS = 9
SAMPLED = 100_000


@dataclass(frozen=True, kw_only=True)
class Bins:
    """Of one column: ascending ``edges`` of numbers, or ``levels`` as ascending hashes."""

    edges: NDArray[np.float64] | None
    levels: Hashes | None

    @property
    def size(self) -> int:
        """The bins, those of other and of empty values among them."""
        if self.edges is not None:
            return self.edges.size + 2
        return 2 if self.levels is None else self.levels.size + 2


@dataclass(frozen=True, kw_only=True)
class Histograms:
    """int64 [bins] for each compared column of this exam and of the champion's; ``skipped`` says
    why an input isn't compared."""

    now: Mapping[str, NDArray[np.int64]] = field(repr=False)
    before: Mapping[str, NDArray[np.int64]] = field(repr=False)
    skipped: Mapping[str, str]
    rows: int
    rows_before: int


def merge(one: Histograms, other: Histograms) -> Histograms:
    """Of both shards of this exam against the same champion's exam. ValueError for another one."""
    same = one.rows_before == other.rows_before and one.before.keys() == other.before.keys()
    if not same or any(np.any(one.before[n] != other.before[n]) for n in one.before):
        raise ValueError("histograms against different exams")
    return Histograms(
        now={name: one.now[name] + other.now[name] for name in one.now},
        before=one.before,
        skipped=one.skipped,
        rows=one.rows + other.rows,
        rows_before=one.rows_before,
    )


def histograms(exam: Dataset, before: Dataset, inputs: Sequence[str]) -> Histograms:
    """Raises Broken where one of the files can't be read."""
    reasons = {name: why for name in inputs if (why := _incomparable(exam, before, name))}
    compared = [name for name in inputs if name not in reasons]
    bins = _bins(before, compared)
    return Histograms(
        now=_counts(exam, bins),
        before=_counts(before, bins),
        skipped=reasons,
        rows=exam.rows,
        rows_before=before.rows,
    )


def _incomparable(exam: Dataset, before: Dataset, name: str) -> str:
    for dataset, whose in ((exam, "this exam"), (before, "the champion's exam")):
        if name not in dataset.columns:
            return f"no such column in {whose}"
        if not hashable(dataset.type_of(name)):
            return f"values of type {dataset.type_of(name)} in {whose}"
    ours, theirs = exam.type_of(name), before.type_of(name)
    if _numeric(ours) != _numeric(theirs):
        return f"values of type {ours}, in the champion's exam {theirs}"
    return ""


def _numeric(kind: Any) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _bins(before: Dataset, names: Sequence[str]) -> dict[str, Bins]:
    """From every k-th row, so that a sample is spread over the whole file."""
    stride = -(-before.rows // SAMPLED)
    values: dict[str, list[NDArray[np.float64]]] = {}
    levels: dict[str, Counter] = {}
    first = 0
    for batch in before.batches(names) if names else ():
        rows = len(batch[names[0]])
        at = pa.array(np.arange(-first % stride, rows, stride))
        for name in names:
            sampled = batch[name].take(at)
            if _numeric(sampled.type):
                floats = numbers(sampled)
                assert floats is not None  # noqa: S101 - narrows the type
                values.setdefault(name, []).append(floats[np.isfinite(floats)])
            else:
                present = sampled.drop_null()
                levels.setdefault(name, Counter(SAMPLED)).add(hash_values(present))
        first += rows
    cut = {
        name: Bins(edges=_deciles(np.concatenate(parts)), levels=None)
        for name, parts in values.items()
    }
    return cut | {name: Bins(edges=None, levels=_frequent(each)) for name, each in levels.items()}


def _deciles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if not values.size:
        return np.zeros(0)
    inner = np.arange(1, BINS) / BINS
    return np.unique(np.quantile(values, inner, method="higher"))


def _frequent(counter: Counter) -> Hashes:
    sketch = counter.done()
    order = np.lexsort((sketch.hashes, -sketch.counts))[:LEVELS]
    return np.sort(sketch.hashes[order])


def _counts(dataset: Dataset, bins: Mapping[str, Bins]) -> dict[str, NDArray[np.int64]]:
    counts = {name: np.zeros(each.size, np.int64) for name, each in bins.items()}
    for batch in dataset.batches(tuple(bins)) if bins else ():
        for name, each in bins.items():
            counts[name] += np.bincount(_codes(batch[name], each), minlength=each.size)
    return counts


def _codes(column: Column, bins: Bins) -> NDArray[np.intp]:
    """The bin of each row: the last one is that of empty values, of levels the one before it that
    of all others."""
    if bins.edges is not None:
        floats = numbers(column)
        assert floats is not None  # noqa: S101 - narrows the type
        codes = np.searchsorted(bins.edges, floats, side="right")
        codes[np.isnan(floats)] = bins.size - 1
        return codes
    levels = np.zeros(0, np.uint64) if bins.levels is None else bins.levels
    hashes = hash_values(column)
    codes = np.searchsorted(levels, hashes)
    known = codes < levels.size
    known[known] = levels[codes[known]] == hashes[known]
    codes[~known] = bins.size - 2
    if column.null_count:
        codes[column.is_null().to_numpy(zero_copy_only=False)] = bins.size - 1
    return codes
