"""Bounds of a contrast p1 - ratio * p2 of two proportions, and of their ratio.

Exact bounds of each proportion at z1 and z2 hold together on the circle z1^2 + z2^2 = z^2, and the
bound is the smallest contrast seen from a few points of it. Where bounds grow in proportion to z
this is the square-and-add (MOVER: Zou and Donner 2008) of Newcombe's method 10; in the tails and
near 0 and 1, where they don't, square-and-add alone is too sure. A correlation of the two
proportions turns the circle into an ellipse.

How far exact bounds reach costs all the time, and depends neither on the ratio nor, where the
proportions are independent, on what they are compared with: it is found once.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.statistics.proportions import Floats, exact_lower
from mlci.statistics.roots import falling_root

_MOST_CORRELATED = 0.999

# Where a quarter of the circle is looked at, besides both bounds at z itself, which come first and
# are squared and added.
_ANGLES = np.pi / 12.0 * np.arange(1, 6)

Index = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Two proportions at one z each: how far the bounds of the first, ``one`` [6, ...], and of the
    second, ``other`` [6, ...], reach in the direction that makes the contrast small (``sign`` 1),
    large (-1), or no bound at all (0)."""

    p1: Floats = field(repr=False)
    p2: Floats = field(repr=False)
    one: Floats = field(repr=False)
    other: Floats = field(repr=False)
    sign: Any = 1.0
    correlation: Any = 0.0

    def bound(self, ratio: Any = 1.0) -> Floats:
        """Of p1 - ratio * p2: the lower one for positive z, the upper one for negative z."""
        one, other = self.one, ratio * self.other
        squared = one[0] * one[0] + other[0] * other[0] - 2.0 * self.correlation * one[0] * other[0]
        half = np.maximum(np.sqrt(np.maximum(squared, 0.0)), (one[1:] + other[1:]).max(axis=0))
        return np.asarray(self.p1 - ratio * self.p2 - self.sign * half)

    def ratio(self) -> Floats:
        """The bound of p1 / p2: where the contrast touches zero. 0 where nothing is too small,
        infinite where nothing is too large."""
        low = np.full(self.p1.shape, -40.0)
        found = falling_root(lambda t: self.bound(np.exp(t)), low, -low, 1e-9)
        return np.where(found <= low, 0.0, np.where(found >= -low, np.inf, np.exp(found)))


def contrast(p1: Any, n1: Any, p2: Any, n2: Any, z: Any, *, correlation: Any = 0.0) -> Contrast:
    """Of arrays of the same shape or that can be brought into one."""
    given = (p1, n1, p2, n2, z, correlation)
    p1, n1, p2, n2, z, r = np.broadcast_arrays(*(np.asarray(each, float) for each in given))
    upper, r = z < 0.0, np.clip(r, -1.0, _MOST_CORRELATED)
    first, second = np.where(upper, 1.0 - p1, p1), np.where(upper, p2, 1.0 - p2)
    a, b = (each(_ANGLES).reshape(-1, *(1,) * r.ndim) for each in (np.cos, np.sin))
    size = np.abs(z)
    scale = size / np.sqrt(1.0 - 2.0 * r * a * b)
    z1, z2 = (np.concatenate([size[None], each * scale]) for each in (a - r * b, b - r * a))
    return Contrast(
        p1=p1,
        p2=p2,
        one=first - exact_lower(first, n1, z1),
        other=second - exact_lower(second, n2, z2),
        sign=np.sign(z),
        correlation=r,
    )


def contrast_lower(
    p1: Any, n1: Any, p2: Any, n2: Any, z: Any, *, ratio: Any = 1.0, correlation: Any = 0.0
) -> Floats:
    """The lower bound of p1 - ratio * p2; for negative z the upper bound."""
    return contrast(p1, n1, p2, n2, z, correlation=correlation).bound(ratio)


def ratio_bound(p1: Any, n1: Any, p2: Any, n2: Any, z: Any, *, correlation: Any = 0.0) -> Floats:
    """The lower bound of p1 / p2 for positive z, the upper one for negative z."""
    return contrast(p1, n1, p2, n2, z, correlation=correlation).ratio()


class Independent:
    """Many independent proportions ``p`` [k] of ``n`` [k] rows, any of which may be compared."""

    def __init__(self, p: Floats, n: Floats) -> None:
        self._p, self._n = p, n
        self._reaches: dict[float, tuple[Floats, Floats]] = {}

    def contrast(self, first: Index, second: Index, z: float) -> Contrast:
        """As ``contrast`` of the pairs [m], at one z for all."""
        down, up = self._reach(abs(z))
        one, other = (up, down) if z < 0.0 else (down, up)
        return Contrast(
            p1=self._p[first],
            p2=self._p[second],
            one=one[:, first],
            # The sines of the angles are their cosines from the other end.
            other=other[[0, *range(_ANGLES.size, 0, -1)]][:, second],
            sign=np.sign(z),
        )

    def _reach(self, z: float) -> tuple[Floats, Floats]:
        """[6, k] each: down from every proportion and up."""
        if z not in self._reaches:
            z1 = z * np.concatenate([[1.0], np.cos(_ANGLES)])[:, None]
            down, up = (p - exact_lower(p, self._n, z1) for p in (self._p, 1.0 - self._p))
            self._reaches[z] = down, up
        return self._reaches[z]
