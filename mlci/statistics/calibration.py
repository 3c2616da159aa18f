"""Expected calibration error over fixed bins of equal width, with bounds that hold.

Bin b holds weight W_b of all W; r_b is the share of positives in it, s_b its mean score:
ECE = sum_b W_b / W |r_b - s_b| (Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017). Noise alone
makes every term positive, so the plain sum is too large: a perfectly calibrated model of n rows
has about 0.8 sum_b se_b. The estimate takes the expected excess out (Kumar, Liang and Ma 2019).

A bin's term is bounded by the reach of exact bounds of r_b, which know that an error not seen in a
few rows may exist. For several classes give the score of the class that is predicted and whether
it is right: top-label calibration.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array
from scipy.special import ndtr

from mlci.statistics.proportions import exact_bounds, quantile
from mlci.statistics.roots import falling_root
from mlci.statistics.sums import Floats, Sums

BINS = 15
_COLUMNS = 4  # weight, positives, scores, squared errors
_UNSURE = 2.0  # so many standard errors nearer to zero may a bin's true term lie


@dataclass(frozen=True, kw_only=True)
class CalibrationError:
    """The debiased error with its pair of one-sided bounds; ``plain`` is the usual, biased sum."""

    estimate: float
    lower: float
    upper: float
    plain: float


@dataclass(frozen=True, kw_only=True)
class CalibrationPoint:
    """One bin that has rows: mean score, rate of positives with its bounds, and its rows (those
    of a weighted table at equal weights)."""

    score: float
    rate: float
    lower: float
    upper: float
    n: float


@dataclass(frozen=True, kw_only=True)
class BrierParts:
    """Murphy's decomposition (1973): brier = reliability - resolution + uncertainty + within, the
    last because scores of one bin differ (Stephenson, Coelho and Jolliffe 2008)."""

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float


def calibration_sums(
    positive: ArrayLike,
    score: ArrayLike,
    *,
    bins: int = BINS,
    weight: ArrayLike | None = None,
    cluster: NDArray[np.integer[Any]] | None = None,
) -> Sums:
    """The sums [4 * bins] of rows [n]: of each bin weight, positives, scores, squared errors.

    A score on an edge belongs to the bin above it, 1 to the last. ValueError for scores outside
    [0, 1].
    """
    hit, p = np.asarray(positive, float), np.asarray(score, float)
    if not np.all((p >= 0.0) & (p <= 1.0)):
        raise ValueError("a score isn't in [0, 1]")
    w = np.ones(p.size) if weight is None else np.asarray(weight, float)
    at = np.minimum((p * bins).astype(np.int64), bins - 1)
    columns = [w, w * hit, w * p, w * (hit - p) ** 2]
    size, clusters = _COLUMNS * bins, None
    if cluster is None:
        blocks = np.zeros((bins, _COLUMNS, bins, _COLUMNS))
        for i, first in enumerate(columns):
            for j, second in enumerate(columns[: i + 1]):
                block = np.bincount(at, weights=first * second, minlength=bins)
                blocks[range(bins), i, range(bins), j] = block
                blocks[range(bins), j, range(bins), i] = block
        cross = blocks.reshape(size, size)
        cubes = np.stack([np.bincount(at, weights=c**3, minlength=bins) for c in columns], axis=1)
    else:
        _, unit = np.unique(cluster, return_inverse=True)
        clusters = int(unit.max()) + 1 if unit.size else 0
        places = np.concatenate([at * _COLUMNS + i for i in range(_COLUMNS)])
        data = (np.concatenate(columns), (np.tile(unit, _COLUMNS), places))
        units = csr_array(coo_array(data, shape=(clusters, size)))
        cross, cubes = (units.T @ units).toarray(), np.asarray(units.power(3).sum(axis=0))
    values = np.stack([np.bincount(at, weights=each, minlength=bins) for each in columns], axis=1)
    return Sums(
        values=np.asarray(values.ravel(), float),
        cross=cross,
        cubes=np.asarray(cubes.ravel(), float),
        rows=p.size,
        clusters=clusters,
        weighted=weight is not None,
    )


def calibration_error(sums: Sums, confidence: float) -> CalibrationError:
    """The expected calibration error of ``calibration_sums``. ValueError without rows.

    Upper bound: of all true terms whose absolute values add up to U, those in proportion to the
    standard errors give the smallest expected sum, S h(U / S) with S the sum of standard errors
    and h(t) = E|t + Z|; U is where the sum seen lies z standard errors below it. So it holds
    whichever bins are off. Lower bound: the sum seen less z standard errors and less each term's
    largest likely excess.
    """
    z = quantile(confidence)
    seen = _Bins(sums, z)
    term = seen.share * np.abs(seen.rate - seen.score)
    narrow, wide = seen.share * seen.error, seen.share * seen.wide_error
    plain, total = float(term.sum()), float(narrow.sum())
    spread = z * max(float(np.linalg.norm(wide)), seen.spread(sums))
    estimate = max(plain - float(_excess(term, narrow, 0.0).sum()), 0.0)
    lower = plain - spread - float(_excess(term, wide, _UNSURE).sum())
    upper = plain + spread
    if total > 0.0:
        most = upper / total
        at = falling_root(lambda t: most - t - _half_normal(t), 0.0, most)
        upper = total * float(at)
    return CalibrationError(
        estimate=estimate,
        lower=min(max(lower, 0.0), estimate),
        upper=min(max(upper, estimate), 1.0),
        plain=plain,
    )


def calibration_change(candidate: Sums, champion: Sums, confidence: float) -> CalibrationError:
    """The candidate's error minus the champion's on the same rows. Each model's bounds are at
    half of the level, so that they hold together however the two depend on each other."""
    level = 0.5 * (1.0 + confidence)
    own, other = (calibration_error(each, level) for each in (candidate, champion))
    return CalibrationError(
        estimate=own.estimate - other.estimate,
        lower=own.lower - other.upper,
        upper=own.upper - other.lower,
        plain=own.plain - other.plain,
    )


def calibration_curve(sums: Sums, confidence: float) -> tuple[CalibrationPoint, ...]:
    """A point for each bin that has rows, from the lowest scores to the highest; for plots."""
    seen = _Bins(sums, quantile(confidence))
    columns = (seen.score, seen.rate, seen.lower, seen.upper, seen.share * sums.rows)
    return tuple(
        CalibrationPoint(score=score, rate=rate, lower=low, upper=high, n=n)
        for score, rate, low, high, n in zip(*(each.tolist() for each in columns), strict=True)
    )


def brier_parts(sums: Sums) -> BrierParts:
    """Murphy's decomposition of the Brier score of ``calibration_sums``; for display."""
    seen = _Bins(sums, 1.0)
    whole = float(seen.share @ seen.rate)
    brier = float(seen.squares.sum() / seen.weight.sum())
    reliability = float(seen.share @ (seen.rate - seen.score) ** 2)
    resolution = float(seen.share @ (seen.rate - whole) ** 2)
    uncertainty = whole * (1.0 - whole)
    return BrierParts(
        brier=brier,
        reliability=reliability,
        resolution=resolution,
        uncertainty=uncertainty,
        within=brier - (reliability - resolution + uncertainty),
    )


class _Bins:
    """The bins that have weight: shares, rates, mean scores, and how far off a rate may be.

    ``error`` is the rate's standard error as seen, ``wide_error`` the exact bounds' reach over z.
    """

    def __init__(self, sums: Sums, z: float) -> None:
        columns = sums.values.reshape(-1, _COLUMNS)
        self.places = np.flatnonzero(columns[:, 0] > 0.0)
        if not self.places.size:
            raise ValueError("no rows: calibration is undefined")
        self.weight, hits, scores, self.squares = columns[self.places].T
        self.share = self.weight / self.weight.sum()
        self.rate, self.score = hits / self.weight, scores / self.weight
        rows = self._effective_rows(sums)
        self.error = np.sqrt(self.rate * (1.0 - self.rate) / rows)
        self.lower, self.upper = exact_bounds(self.rate, rows, z)
        reach = np.maximum(self.upper - self.rate, self.rate - self.lower)
        self.wide_error = reach / z if z > 0.0 else self.error

    def _effective_rows(self, sums: Sums) -> Floats:
        """Rows that would know each rate as well: by its variance, where there is none by Kish."""
        first = self.places * _COLUMNS
        cross = sums.cross
        kish = self.weight**2 / cross[first, first]
        variance = (
            cross[first + 1, first + 1]
            - 2.0 * self.rate * cross[first, first + 1]
            + self.rate**2 * cross[first, first]
        ) / self.weight**2
        spread = self.rate * (1.0 - self.rate)
        seen = (spread > 0.0) & (variance > 1e-12 * spread)
        by_variance = np.divide(spread, variance, out=kish.copy(), where=seen)
        return np.asarray(np.minimum(by_variance, self.share * sums.rows))

    def spread(self, sums: Sums) -> float:
        """The standard error of the plain sum at these signs, bins that vary together included."""
        off = self.rate - self.score
        total = self.weight.sum()
        first = self.places * _COLUMNS
        by = np.zeros_like(sums.values)
        by[first] = -float(self.share @ np.abs(off)) / total
        by[first + 1], by[first + 2] = np.sign(off) / total, -np.sign(off) / total
        return float(np.sqrt(max(sums.variance(by), 0.0))) if sums.units > 1 else 0.0


def _excess(term: Floats, error: Floats, unsure: float) -> Floats:
    """How much noise adds to each term on average, if its true value lies ``unsure`` standard
    errors nearer to zero than it was seen."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.where(error > 0.0, term / error, np.inf)
    return np.asarray(error * _half_normal(np.maximum(scaled - unsure, 0.0)))


def _half_normal(t: Floats) -> Floats:
    """E|t + Z| - t for a standard normal Z and t >= 0."""
    density = np.exp(-0.5 * np.square(t)) / np.sqrt(2.0 * np.pi)
    with np.errstate(invalid="ignore"):
        tail = np.where(np.isfinite(t), t * ndtr(-t), 0.0)
    return np.asarray(2.0 * (density - tail))
