"""Whether two samples come from populations further apart than a limit: a calibrated PSI.

The population stability index of shares p and q over bins is sum (p - q) ln(p / q). Of B bins and
samples of n and m rows it is (B - 1)(1/n + 1/m) on average where nothing drifted, which small
samples take for drift; that is taken off. Near the null, the index times nm / (n + m) is a
noncentral chi-squared variable with B - 1 degrees of freedom whose noncentrality is the true index
times the same factor. Where a bin nearly empties, the index varies more than that: the factor is
made smaller until the variance is that of the delta method, so that the test keeps its error.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chndtr, chndtrinc, chndtrix

POWER = 0.8
FEWEST_EXPECTED = 5.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Stability:
    """``index`` times ``scale`` is the noncentral chi-squared variable with ``degrees`` degrees of
    freedom; ``excess`` is the index without what chance alone gives, the estimate to show."""

    index: float
    scale: float
    degrees: int

    @property
    def excess(self) -> float:
        return max(self.index - self.degrees / self.scale, 0.0)


def stability(
    now: NDArray[np.int64], before: NDArray[np.int64], independent: tuple[float, float] = (1.0, 1.0)
) -> Stability:
    """``now`` and ``before`` [bins] are counts of rows in the same bins; ``independent`` is how
    much one row of each counts where rows belong together (effective size / size).

    Neighbouring bins are put together until each is expected to hold FEWEST_EXPECTED rows of the
    smaller sample; half a row is added to each, so that an empty one has a logarithm. Raises
    ValueError where a sample holds no rows.
    """
    if not now.sum() or not before.sum():
        raise ValueError("no rows to compare")
    here, there = _merged(now.astype(float), before.astype(float))
    bins = here.size
    p, q = (_smooth(counts) for counts in (here, there))
    n, m = here.sum() * independent[0], there.sum() * independent[1]
    log = np.log(p / q)
    raw = float(((p - q) * log).sum())
    scale = n * m / (n + m)
    variance = _variance(p, log + 1.0 - q / p) / n + _variance(q, 1.0 - log - p / q) / m
    spread = max(variance * scale / (4.0 * raw), 1.0) if raw > 0.0 else 1.0
    index = raw + (bins - 1) * (spread - 1.0) / scale
    return Stability(index=float(index), scale=float(scale / spread), degrees=bins - 1)


def p_value(found: Stability, limit: float) -> float:
    """Of "the true index is at most ``limit``": the chance of an index this large at the limit."""
    if found.degrees == 0:
        return 1.0
    from scipy.stats import ncx2  # the tail itself: 1 - chndtr has no digits left far out

    above = float(ncx2.sf(found.index * found.scale, found.degrees, limit * found.scale))
    return min(max(above, 0.0), 1.0)


def bounds(found: Stability, confidence: float) -> tuple[float, float]:
    """The pair of one-sided bounds of the true index, each at ``confidence``."""
    if found.degrees == 0:
        return 0.0, 0.0
    at = found.index * found.scale
    low, high = (
        _noncentrality(at, found.degrees, share) / found.scale
        for share in (confidence, 1.0 - confidence)
    )
    return min(low, found.excess), max(high, found.excess)


def detectable(found: Stability, limit: float, confidence: float) -> float | None:
    """The true index that samples of this size show to be above ``limit`` with power 0.8; None
    where all rows lie in one bin."""
    if found.degrees == 0:
        return None
    critical = float(chndtrix(confidence, found.degrees, limit * found.scale))
    return _noncentrality(critical, found.degrees, 1.0 - POWER) / found.scale


def needed(found: Stability, limit: float, aim: float, confidence: float) -> float | None:
    """By what factor both samples would have to grow to show a true index of ``aim``."""
    if found.degrees == 0:
        return None
    low, high = 0.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2.0
        larger = Stability(
            index=found.index, scale=found.scale * 2.0 ** (middle - 30.0), degrees=found.degrees
        )
        shown = detectable(larger, limit, confidence)
        assert shown is not None  # noqa: S101 - narrows the type: there are degrees
        low, high = (low, middle) if shown <= aim else (middle, high)
    return math.pow(2.0, high - 30.0)


def _merged(now: Floats, before: Floats) -> tuple[Floats, Floats]:
    pooled = (now + before) / (now.sum() + before.sum())
    expected = pooled * min(now.sum(), before.sum())
    group, full, held = np.zeros(expected.size, np.intp), 0, 0.0
    for at, share in enumerate(expected):
        group[at] = full
        held += share
        if held >= FEWEST_EXPECTED:
            full, held = full + 1, 0.0
    # What is left at the end joins the last bin that is full.
    group = np.minimum(group, max(full - 1, 0))
    here: Floats = np.bincount(group, weights=now).astype(np.float64)
    there: Floats = np.bincount(group, weights=before).astype(np.float64)
    return here, there


def _smooth(counts: Floats) -> Floats:
    shares: Floats = (counts + 0.5) / (counts.sum() + 0.5 * counts.size)
    return shares


def _variance(shares: Floats, slopes: Floats) -> float:
    return float((shares * slopes * slopes).sum() - (shares * slopes).sum() ** 2)


def _noncentrality(value: float, degrees: int, share: float) -> float:
    """The noncentrality at which ``share`` of the distribution lies below ``value``; 0 where even
    the central one has less there."""
    if float(chndtr(value, degrees, 0.0)) <= share:
        return 0.0
    return float(chndtrinc(value, degrees, share))
