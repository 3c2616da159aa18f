"""Candidate against champion on the same rows: Tango's score interval, and the rows it needs."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlci.statistics.proportions import Floats, check_counts, quantile, standardised
from mlci.statistics.roots import falling_root


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """Rate of the candidate minus rate of the champion, with its pair of one-sided bounds."""

    estimate: float
    lower: float
    upper: float


def paired_difference(b: int, c: int, n: int, confidence: float) -> PairedDifference:
    """The difference (b - c) / n on n rows, by Tango's score interval (1998).

    ``b`` rows only the candidate got right, ``c`` only the champion. One method at every count:
    it keeps its level where b + c is small, and has a width where b = c = 0.
    """
    check_counts(b + c, n)
    check_counts([b, c], n)
    z = quantile(confidence)
    return PairedDifference(
        estimate=(b - c) / n,
        lower=float(tango_bound(b, c, n, z)),
        upper=float(tango_bound(b, c, n, -z)),
    )


def tango_score(b: Any, c: Any, n: Any, difference: Any) -> Floats:
    """Tango's score statistic of a true ``difference``: standard normal there, falls in it."""
    d = np.asarray(difference, float)
    linear = (2 * n - b + c) * d - b - c
    constant = -c * d * (1 - d)
    root = np.sqrt(np.maximum(linear * linear - 8 * n * constant, 0.0))
    # The larger root of  2n q^2 + linear q + constant, in the form without cancellation.
    with np.errstate(divide="ignore", invalid="ignore"):
        champion_only = np.where(
            linear > 0, -2 * constant / (linear + root), (root - linear) / (4 * n)
        )
    variance = n * np.maximum(2 * champion_only + d * (1 - d), 0.0)
    return standardised(b - c - n * d, np.sqrt(variance))


def tango_bound(b: Any, c: Any, n: Any, z: Any) -> Floats:
    """The difference at which ``tango_score`` equals z: the lower bound for positive z."""
    low = np.full(np.shape(b), -1.0)
    return falling_root(lambda d: tango_score(b, c, n, d) - z, low, -low, 1e-14)


def power_rows(discordance: float, margin: float, confidence: float, power: float = 0.8) -> int:
    """Rows needed to show an equal model no worse than by ``margin``.

    ``discordance`` is the share of rows on which one model alone is right. Normal approximation,
    n = (z_confidence + z_power)^2 * discordance / margin^2, and never fewer than a pair of models
    without any discordant row would need.
    """
    if not (0.0 <= discordance <= 1.0 and 0.0 < margin < 1.0):
        raise ValueError(f"discordance {discordance!r}, margin {margin!r}: not shares in (0, 1)")
    z, z_power = quantile(confidence), quantile(power)
    return math.ceil(
        max((z + z_power) ** 2 * discordance / margin**2, z * z * (1 - margin) / margin)
    )


def detectable_margin(n: int, discordance: float, confidence: float, power: float = 0.8) -> float:
    """The smallest margin within which n rows can show an equal model; inverse of power_rows."""
    check_counts(0, n)
    z, z_power = quantile(confidence), quantile(power)
    return max((z + z_power) * math.sqrt(discordance / n), z * z / (n + z * z))
