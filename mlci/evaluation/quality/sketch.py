"""How often values occur, in bounded memory: exactly up to a capacity, beyond it of a sample.

A sketch keeps the values whose hash is below a threshold, each with its count. While all fit, the
threshold keeps everything; then it is halved until they do. Which values are kept depends on the
values alone, so sketches of shards merge, in any order, to the sketch of the whole.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mlci.evaluation.quality.hashing import Hashes

_BUFFERED = 1 << 20

Kept = tuple[Hashes, NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """``hashes`` ascending, ``counts`` [same]; one value in 2**``level`` is kept, of ``rows``."""

    capacity: int
    level: int
    rows: int
    hashes: Hashes = field(repr=False)
    counts: NDArray[np.int64] = field(repr=False)

    @property
    def exact(self) -> bool:
        return self.level == 0

    @property
    def distinct(self) -> int:
        """How many different values there are; beyond the capacity an estimate."""
        return int(self.hashes.size) << self.level

    @property
    def independent(self) -> float:
        """Kish's effective size / size, were rows of one value all alike: sum c / sum c * c."""
        squares = float((self.counts.astype(float) ** 2).sum())
        return float(self.counts.sum()) / squares if squares else 1.0

    def repeated(self, confidence: float) -> tuple[float, tuple[float, float]]:
        """The share of rows that repeat an earlier one, and its pair of one-sided bounds: equal to
        it where the sketch is exact.

        All rows are counted, so only how many different values there are is estimated: each was
        kept with one chance, however many rows it has.
        """
        if self.rows == 0:
            return 0.0, (0.0, 0.0)
        share = max((self.rows - self.distinct) / self.rows, 0.0)
        if self.exact:
            return share, (share, share)
        kept, chance = float(self.hashes.size), 0.5**self.level
        half = float(ndtri(confidence)) * float(np.sqrt(kept * (1.0 - chance))) / chance
        seen = float((self.counts - 1).sum()) / self.rows
        low = max((self.rows - self.distinct - half) / self.rows, seen)
        return max(share, low), (low, max((self.rows - self.distinct + half) / self.rows, low))


def merge(one: Sketch, other: Sketch) -> Sketch:
    """The sketch of both shards' rows. Raises ValueError for sketches of different capacity."""
    if one.capacity != other.capacity:
        raise ValueError("sketches of different capacity")
    joined = _joined((one.hashes, one.counts), (other.hashes, other.counts))
    return _bounded(one.capacity, max(one.level, other.level), one.rows + other.rows, joined)


class Counter:
    """Adds batches up to a sketch; buffers them, so that each value is sorted a few times only."""

    def __init__(self, capacity: int) -> None:
        self._sketch = Sketch(
            capacity=capacity,
            level=0,
            rows=0,
            hashes=np.zeros(0, np.uint64),
            counts=np.zeros(0, np.int64),
        )
        self._buffer: list[Hashes] = []
        self._buffered = 0
        self._rows = 0

    def add(self, hashes: Hashes) -> None:
        self._rows += hashes.size
        kept = hashes[_below(hashes, self._sketch.level)] if self._sketch.level else hashes
        self._buffer.append(kept)
        self._buffered += kept.size
        if self._buffered >= max(_BUFFERED, self._sketch.hashes.size // 2):
            self._empty()

    def done(self) -> Sketch:
        self._empty()
        return self._sketch

    def _empty(self) -> None:
        nothing = np.zeros(0, np.uint64)
        new, counts = np.unique(np.concatenate([*self._buffer, nothing]), return_counts=True)
        before = self._sketch
        joined = _joined((before.hashes, before.counts), (new, counts.astype(np.int64)))
        self._sketch = _bounded(before.capacity, before.level, self._rows, joined)
        self._buffer, self._buffered = [], 0


def _joined(one: Kept, other: Kept) -> Kept:
    """Each hash of two ascending lists once, ascending, with the sum of its counts.

    Range by range of hashes, so that little memory is needed beside the result's.
    """
    size = one[0].size + other[0].size
    hashes, counts = np.empty(size, np.uint64), np.empty(size, np.int64)
    ranges = size // _BUFFERED + 1
    edges = np.array([(1 << 64) * k // ranges for k in range(1, ranges)], np.uint64)
    cuts = [
        np.concatenate([[0], np.searchsorted(kept[0], edges), [kept[0].size]])
        for kept in (one, other)
    ]
    filled = 0
    for (a, b), (c, d) in zip(pairwise(cuts[0]), pairwise(cuts[1]), strict=True):
        both = np.concatenate([one[0][a:b], other[0][c:d]])
        if not both.size:
            continue
        order = np.argsort(both, kind="stable")
        both = both[order]
        starts = np.flatnonzero(np.concatenate([[True], both[1:] != both[:-1]]))
        summed = np.concatenate([one[1][a:b], other[1][c:d]])[order]
        hashes[filled : filled + starts.size] = both[starts]
        counts[filled : filled + starts.size] = np.add.reduceat(summed, starts)
        filled += starts.size
    return hashes[:filled], counts[:filled]


def _bounded(capacity: int, level: int, rows: int, kept: Kept) -> Sketch:
    hashes, counts = kept
    keep = np.searchsorted(hashes, _threshold(level)) if level else hashes.size
    while keep > capacity:
        level += 1
        keep = np.searchsorted(hashes, _threshold(level))
    return Sketch(
        capacity=capacity, level=level, rows=rows, hashes=hashes[:keep], counts=counts[:keep]
    )


def _threshold(level: int) -> np.uint64:
    return np.uint64(1 << (64 - level))


def _below(hashes: Hashes, level: int) -> NDArray[np.bool_]:
    return np.asarray(hashes < _threshold(level))
