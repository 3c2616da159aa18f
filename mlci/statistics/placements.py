"""Where each row stands among the rows of the other class: what areas under the curve are of.

One sort a model, of 64-bit numbers that hold leading bits of the score and the row at once, so that
nothing needs to be looked up after. Rows whose scores differ in the bits left out only are put
right. All else is done stretch by stretch, each small enough for the processor's cache: ten million
rows are slow in memory, not in arithmetic.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlci.statistics.radix import sort_by_bits
from mlci.statistics.sums import Floats

STRETCH = 1 << 15  # rows
_STEPS = 512  # of a curve, that are kept of each stretch

Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """``twice`` [n], positive rows first: two times the weight of the other class below each row,
    ties counting half; whole numbers unless there are weights. ``positives`` and ``negatives`` are
    the classes' weights, ``area`` is that under the curve. ``steps`` [m, 2], ascending: the weight
    of positives and of negatives up to some score, for a choice of scores spread over all rows.
    """

    twice: NDArray[Any] = field(repr=False)
    positives: float
    negatives: float
    area: float
    steps: Floats = field(repr=False)


def placements(
    positive: Bools, score: ArrayLike, weight: Floats | None = None
) -> tuple[Floats, Floats]:
    """For each positive row the share of negatives below it, for each negative the share of
    positives above it; ties count half, and with ``weight`` [n] shares are of weight.

    Both have the area as their (weighted) mean. Scores are finite, and both classes occur with
    weight above zero.
    """
    first = int(np.count_nonzero(positive))
    own = None if weight is None else positives_first(positive, weight)
    ranking = rank(positives_first(positive, np.asarray(score)), first, own)
    return (
        ranking.twice[:first] * (0.5 / ranking.negatives),
        1.0 - ranking.twice[first:] * (0.5 / ranking.positives),
    )


def positives_first(positive: Bools, values: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([values[positive], values[~positive]])


def rank(score: NDArray[Any], first: int, weight: Floats | None = None) -> Ranking:
    """Where the rows [n] stand, the ``first`` of which are the positive ones; else as for
    ``placements``."""
    if weight is None:
        number: type[Any] = np.int32 if score.size < 1 << 30 else np.int64
        totals = float(first), float(score.size - first)
    else:
        number = np.float64
        totals = float(weight[:first].sum()), float(weight[first:].sum())
    twice = np.empty(score.size, number)
    reached = np.zeros(2, number)
    steps = [np.zeros((1, 2))]
    for rows, last in _ascending(score):
        up = rows < first
        own = None if weight is None else weight[rows]
        ends = reached[:, None] + _running(up, own, last, number)
        begins = np.concatenate([reached[:, None], ends[:, :-1]], axis=1)
        reached = ends[:, -1]
        below = begins + ends  # twice what is below each tie: of positives, of negatives
        found = below.T.ravel()
        tie = np.repeat(np.arange(0, found.size, 2), np.diff(last, prepend=-1))
        tie += up
        twice[rows] = found.take(tie)
        steps.append(ends[:, _evenly(last.size)].T)
    won = twice[:first]
    return Ranking(
        twice=twice,
        positives=totals[0],
        negatives=totals[1],
        area=float(won.sum(dtype=np.float64) if weight is None else (won * weight[:first]).sum())
        / (2.0 * totals[0] * totals[1]),
        steps=np.concatenate(steps).astype(np.float64),
    )


def _running(
    up: Bools, own: Floats | None, last: NDArray[np.intp], number: type[Any]
) -> NDArray[Any]:
    """[2, ties]: the weight of positives and of negatives up to the end of each tie."""
    if own is None:
        positives = np.cumsum(up, dtype=number)[last]
        return np.stack([positives, (last + 1).astype(number) - positives])
    return np.stack([np.cumsum(np.where(side, own, 0.0))[last] for side in (up, ~up)])


def _evenly(number: int) -> slice:
    """Some _STEPS of so many places, the last among them."""
    step = number // _STEPS + 1
    return slice((number - 1) % step, None, step)


def _ascending(score: NDArray[Any]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.intp]]]:
    """Stretch by stretch the rows in the order of their scores, and the places in the stretch at
    which ties end; no tie is cut."""
    size = score.size
    row_bits = max(size.bit_length(), 1)
    keys, low = _Keys(score, 64 - row_bits), np.uint64(row_bits)
    packed = sort_by_bits(_packed(score, keys, low), row_bits, keys.bits)
    below = np.uint64((1 << row_bits) - 1)
    start = 0
    while start < size:
        end = min(start + STRETCH, size)
        end += int(np.searchsorted(packed[end:], packed[end - 1] | below, side="right"))
        words = packed[start:end]
        rows = (words & below).view(np.int64)
        words >>= low
        ends = np.append(words[1:] != words[:-1], True)
        if not keys.whole and not ends.all():
            _settle(score, rows, ends)
        yield rows, np.flatnonzero(ends)
        start = end


def _packed(score: NDArray[Any], keys: "_Keys", low: np.uint64) -> NDArray[np.uint64]:
    packed = np.empty(score.size, np.uint64)
    for start in range(0, score.size, STRETCH):
        part = slice(start, start + STRETCH)
        words = keys.of(score[part]) << low
        words |= np.arange(start, start + words.size, dtype=np.uint64)
        packed[part] = words
    return packed


class _Keys:
    """Whole numbers that never fall as scores rise, of ``bits`` bits, at most as many as there is
    room for; ``whole``: they tell all scores apart."""

    def __init__(self, score: NDArray[Any], most_bits: int) -> None:
        single = score.dtype == np.float32
        self._number: type[Any] = np.float32 if single else np.float64
        self._word: type[Any] = np.uint32 if single else np.uint64
        self._sign = self._word(31 if single else 63)
        self._base, top = self._ordered(np.array([score.min(), score.max()]))
        span = int(top - self._base).bit_length()
        self._surplus = self._word(max(span - most_bits, 0))
        self.bits, self.whole = min(span, most_bits), span <= most_bits

    def of(self, score: NDArray[Any]) -> NDArray[np.uint64]:
        keys = (self._ordered(score) - self._base) >> self._surplus
        return np.asarray(keys, np.uint64)

    def _ordered(self, score: NDArray[Any]) -> NDArray[Any]:
        """Larger bits are larger numbers, but for negative ones: turned over, below the others."""
        # Adding zero makes -0.0 the 0.0 that it equals.
        bits = (score.astype(self._number, copy=False) + self._number(0.0)).view(self._word)
        negative = np.zeros_like(bits) - (bits >> self._sign)
        return np.asarray(bits ^ (negative | (self._word(1) << self._sign)))


def _settle(score: NDArray[Any], rows: NDArray[np.int64], ends: Bools) -> None:
    """Puts rows of equal keys in the order of their scores, in place."""
    tied = ~ends
    tied[1:] |= tied[:-1]
    places = np.flatnonzero(tied)
    candidates = rows[places]
    scores = score[candidates]
    # Rows of different keys stay apart: their scores stand in ascending order already.
    by_score = np.argsort(scores)
    rows[places], scores = candidates[by_score], scores[by_score]
    ends[places[:-1]] = scores[:-1] != scores[1:]
