"""Whether a feature is the label in other words: equal to it, one-to-one with it, or affine in it.

One-to-one is decided on hashes of values, an empty value being a value, for labels of at most
MOST_LABELS different values; most columns are refuted within the first rows. For a label of
numbers, a feature that lies on a line over it, wherever both are there, is the label as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlci.evaluation.dataset import Column
from mlci.evaluation.quality.hashing import Hashes

MOST_LABELS = 1_000
FEWEST_ROWS = 30
# Left over of the variance when a line explains it: rounding of single precision, no more.
UNEXPLAINED = 1e-9
_FIRST_ROWS = 1_000


@dataclass(frozen=True, kw_only=True)
class Line:
    """Moments of label and feature where both are finite: means and centred sums."""

    n: int = 0
    mean: tuple[float, float] = (0.0, 0.0)
    squares: tuple[float, float] = (0.0, 0.0)
    product: float = 0.0

    @property
    def straight(self) -> bool:
        """Whether all points lie on one line that is neither level nor upright."""
        label, feature = self.squares
        if not (label > 0.0 and feature > 0.0):
            return False
        return 1.0 - self.product**2 / (label * feature) < UNEXPLAINED


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """What is left of the suspicion against one column, batch after batch.

    ``pairs`` maps hashes of labels to the one value that each has had; None once that is refuted
    or there are too many labels. ``line`` is None once refuted, or where either is no number.
    """

    pairs: Mapping[int, int] | None
    line: Line | None

    @property
    def refuted(self) -> bool:
        return self.pairs is None and self.line is None

    @property
    def how(self) -> str:
        """How the column is the label, or nothing."""
        if self.pairs is not None and len(self.pairs) > 1:
            return "one-to-one with the label"
        if self.line is not None and self.line.n >= FEWEST_ROWS and self.line.straight:
            return "on a straight line with the label"
        return ""


def compare(
    labels: Hashes, values: Hashes, numbers: tuple[NDArray[np.float64], NDArray[np.float64]] | None
) -> Likeness:
    """One batch; ``numbers`` are label and feature where both are numeric."""
    return Likeness(
        pairs=_pairs(labels, values), line=None if numbers is None else _checked(_line(*numbers))
    )


def merge(one: Likeness, other: Likeness) -> Likeness:
    line = None
    if one.line is not None and other.line is not None:
        line = _checked(_sum(one.line, other.line))
    return Likeness(pairs=_union(one.pairs, other.pairs), line=line)


def numbers(column: Column) -> NDArray[np.float64] | None:
    """The column as floats, an empty value as NaN; None where it has no numbers."""
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return None
    floats: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy(
        zero_copy_only=False
    )
    return floats


def _pairs(labels: Hashes, values: Hashes) -> Mapping[int, int] | None:
    # Columns that have nothing to do with the label show it in a few rows.
    first = _one_to_one(labels[:_FIRST_ROWS], values[:_FIRST_ROWS])
    if first is None or labels.size <= _FIRST_ROWS:
        return first
    return _one_to_one(labels, values)


def _one_to_one(labels: Hashes, values: Hashes) -> Mapping[int, int] | None:
    known, at, code = np.unique(labels, return_index=True, return_inverse=True)
    own = values[at]
    if known.size > MOST_LABELS or np.any(own[code] != values):
        return None
    if np.unique(own).size < own.size:
        return None
    return dict(zip(known.tolist(), own.tolist(), strict=True))


def _union(
    one: Mapping[int, int] | None, other: Mapping[int, int] | None
) -> Mapping[int, int] | None:
    if one is None or other is None:
        return None
    both = {**one, **other}
    agree = all(both[label] == value for label, value in one.items())
    if not agree or len(set(both.values())) < len(both) or len(both) > MOST_LABELS:
        return None
    return dict(sorted(both.items()))


def _line(label: NDArray[np.float64], feature: NDArray[np.float64]) -> Line:
    both = np.isfinite(label) & np.isfinite(feature)
    y, x = label[both], feature[both]
    if not y.size:
        return Line()
    means = float(y.mean()), float(x.mean())
    dy, dx = y - means[0], x - means[1]
    return Line(
        n=int(y.size),
        mean=means,
        squares=(float(dy @ dy), float(dx @ dx)),
        product=float(dy @ dx),
    )


def _sum(one: Line, other: Line) -> Line:
    """Chan, Golub & LeVeque's update of centred sums."""
    n = one.n + other.n
    if not n:
        return Line()
    apart = [b - a for a, b in zip(one.mean, other.mean, strict=True)]
    weight = one.n * other.n / n
    means = [a + each * other.n / n for a, each in zip(one.mean, apart, strict=True)]
    squares = [
        a + b + each * each * weight
        for a, b, each in zip(one.squares, other.squares, apart, strict=True)
    ]
    return Line(
        n=n,
        mean=(means[0], means[1]),
        squares=(squares[0], squares[1]),
        product=one.product + other.product + apart[0] * apart[1] * weight,
    )


def _checked(line: Line) -> Line | None:
    """Points off a line stay off it, whatever comes after them."""
    both = line.squares[0] > 0.0 and line.squares[1] > 0.0
    return None if both and line.n >= FEWEST_ROWS and not line.straight else line
