"""Where each row stands among the rows of the other class: what areas under the curve are of.

One sort a model, of 64-bit numbers that hold leading bits of the score, the class and the row at
once: NumPy sorts these with vector instructions, some three times faster than it finds the order
of floats, and nothing needs to be looked up after. Rows whose scores differ in the bits left out
only are put right.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlci.statistics.sums import Floats

Bools = NDArray[np.bool_]


def placements(
    positive: Bools, score: ArrayLike, weight: Floats | None = None
) -> tuple[Floats, Floats]:
    """For each positive row the share of negatives below it, for each negative the share of
    positives above it; ties count half, and with ``weight`` [n] shares are of weight.

    Both have the area as their (weighted) mean. Scores are finite, and both classes occur with
    weight above zero.
    """
    ranking = rank(positive, np.asarray(score))
    above = ranking.positive
    # Twice what lies below, ties counting half: whole numbers unless there are weights.
    if weight is None:
        number: type[Any] = np.int32 if positive.size < 1 << 30 else np.int64
        positives, rows = np.cumsum(above, dtype=number), None
        n_positive, n_all = float(positives[-1]), float(above.size)
    else:
        number, ranked = np.float64, weight[ranking.rows]
        positives, rows = np.cumsum(np.where(above, ranked, 0.0)), np.cumsum(ranked)
        n_positive, n_all = float(positives[-1]), float(rows[-1])
    twice = np.empty(above.size, number)
    twice[ranking.rows] = _twice_below(ranking, positives, rows)
    return (
        twice[positive] * (0.5 / (n_all - n_positive)),
        1.0 - twice[~positive] * (0.5 / n_positive),
    )


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """``rows`` [n] in ascending order of scores, ``positive`` in that order, and ``starts``: which
    of them begin a group of ties, None where no two scores are equal."""

    rows: NDArray[np.int64] = field(repr=False)
    positive: Bools = field(repr=False)
    starts: Bools | None = field(repr=False)


def rank(positive: Bools, score: NDArray[Any]) -> Ranking:
    """The order of finite scores [n]."""
    row_bits = max(int(score.size).bit_length(), 1)
    packed, whole = _keys(score, 63 - row_bits)
    low = np.uint64(row_bits + 1)
    packed <<= low
    packed |= positive.astype(np.uint64) << np.uint64(row_bits)
    packed |= np.arange(score.size, dtype=np.uint64)
    packed.sort()
    rows = (packed & np.uint64((1 << row_bits) - 1)).view(np.int64)
    ranked = (packed & np.uint64(1 << row_bits)).astype(np.bool_)
    packed >>= low
    starts = np.ones(score.size, np.bool_)
    np.not_equal(packed[1:], packed[:-1], out=starts[1:])
    if not whole and not starts.all():
        _settle(positive, score, rows, ranked, starts)
    return Ranking(rows=rows, positive=ranked, starts=None if starts.all() else starts)


def _twice_below(
    ranking: Ranking, positives: NDArray[Any], rows: NDArray[Any] | None
) -> NDArray[Any]:
    """Of each row in order, from running sums of positives and of all (None: of one each)."""
    above, size = ranking.positive, ranking.positive.size
    number = positives.dtype.type
    if ranking.starts is None:
        twice_positive = 2 * positives
        if rows is None:
            twice_positive -= above
            twice_all = np.arange(1, 2 * size, 2, dtype=number)
        else:
            own = np.diff(rows, prepend=0.0)
            twice_positive -= np.where(above, own, 0.0)
            twice_all = 2.0 * rows - own
        return np.asarray(np.where(above, twice_all - twice_positive, twice_positive))
    first = np.flatnonzero(ranking.starts)
    past = np.append(first[1:], size)
    # Up to a group's end and up to its beginning: what is below, twice, and the ties once.
    ties = _up_to(positives, first) + positives[past - 1]
    all_ties = (
        (first + past).astype(number) if rows is None else _up_to(rows, first) + rows[past - 1]
    )
    group = np.cumsum(ranking.starts, dtype=np.int32 if size < 1 << 31 else np.int64) - 1
    return np.asarray(np.where(above, (all_ties - ties)[group], ties[group]))


def _up_to(running: NDArray[Any], first: NDArray[np.int64]) -> NDArray[Any]:
    """A running sum just before each place."""
    before = running[first - 1]
    before[0] = 0
    return before


def _keys(score: NDArray[Any], most_bits: int) -> tuple[NDArray[np.uint64], bool]:
    """Numbers of ``most_bits`` that never fall as scores rise, and whether they keep all bits."""
    single = score.dtype == np.float32
    # Adding zero makes -0.0 the 0.0 that it equals.
    numbers = score + np.float32(0.0) if single else np.asarray(score, np.float64) + 0.0
    bits = numbers.view(np.uint32 if single else np.uint64).astype(np.uint64, copy=False)
    sign = np.uint64(31 if single else 63)
    if int(bits.max()) >> int(sign):
        # Larger bits are larger numbers, but for negative ones: turned over, below the others.
        top = np.uint64(1) << sign
        bits = np.where(bits & top, ~bits & (top - np.uint64(1)), bits | top)
    bits -= bits.min()
    surplus = max(int(bits.max()).bit_length() - most_bits, 0)
    if surplus:
        bits >>= np.uint64(surplus)
    return bits, surplus == 0


def _settle(
    positive: Bools, score: NDArray[Any], rows: NDArray[np.int64], ranked: Bools, starts: Bools
) -> None:
    """Puts rows of equal keys in the order of their scores, in place."""
    tied = ~starts
    tied[:-1] |= tied[1:]
    places = np.flatnonzero(tied)
    candidates = rows[places]
    scores = score[candidates]
    # Rows of different keys stay apart: their scores stand in ascending order already.
    by_score = np.argsort(scores)
    rows[places], scores = candidates[by_score], scores[by_score]
    ranked[places] = positive[rows[places]]
    starts[places[1:]] = scores[1:] != scores[:-1]
