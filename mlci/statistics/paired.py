"""Candidate against champion on the same rows: the difference's bounds, and the rows they need."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlci.statistics.contrasts import contrast_lower
from mlci.statistics.proportions import Floats, check_counts, quantile


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """Rate of the candidate minus rate of the champion, with its pair of one-sided bounds."""

    estimate: float
    lower: float
    upper: float


def paired_difference(b: float, c: float, n: float, confidence: float) -> PairedDifference:
    """The difference (b - c) / n on n rows, b of which only the candidate got right, c only the
    champion; effective counts of weighted or clustered rows need not be whole.

    One method at every count: it keeps its level where b + c is small, and has a width where
    b = c = 0. ValueError for counts that cannot be.
    """
    check_counts(b + c, n)
    check_counts([b, c], n)
    z = quantile(confidence)
    return PairedDifference(
        estimate=(b - c) / n,
        lower=float(paired_bound(b, c, n, z)),
        upper=float(paired_bound(b, c, n, -z)),
    )


def paired_bound(b: Any, c: Any, n: Any, z: Any) -> Floats:
    """The lower bound of (b - c) / n for positive z, the upper for negative; arrays of counts.

    A contrast of the two shares of rows on which one model alone is right (see contrast_lower),
    whose counts exclude each other: a multinomial's correlation.
    """
    p, q = np.asarray(b, float) / n, np.asarray(c, float) / n
    both = np.maximum((1.0 - p) * (1.0 - q), p * q)
    correlation = -np.sqrt(np.divide(p * q, both, out=np.zeros_like(both), where=both > 0))
    return contrast_lower(p, n, q, n, z, correlation=correlation)


def power_rows(discordance: float, margin: float, confidence: float, power: float = 0.8) -> int:
    """Rows needed to show an equal model no worse than by ``margin``.

    ``discordance`` is the share of rows on which one model alone is right. Normal approximation,
    n = (z_confidence + z_power)^2 * discordance / margin^2, and never fewer than a pair of models
    without any discordant row would need.
    """
    if not (0.0 <= discordance <= 1.0 and 0.0 < margin < 1.0):
        raise ValueError(f"discordance {discordance!r}, margin {margin!r}: not shares in (0, 1)")
    z, z_power = quantile(confidence), quantile(power)
    least = math.log(1.0 - confidence) / math.log1p(-margin)
    return math.ceil(max((z + z_power) ** 2 * discordance / margin**2, least))


def detectable_margin(n: float, discordance: float, confidence: float, power: float = 0.8) -> float:
    """The smallest margin within which n rows can show an equal model; inverse of power_rows.

    ``n`` may be an effective number of rows.
    """
    check_counts(0, n)
    z, z_power = quantile(confidence), quantile(power)
    unseen = -math.expm1(math.log(1.0 - confidence) / n)
    return max((z + z_power) * math.sqrt(discordance / n), unseen)
