"""Paired log ratios of two systems, judged at preset looks with the error spent over them.

A t-test after every pair passes a system at the margin in some 20 % of runs. Here the looks are
fixed before the run, and the error spent up to a look is the share of all pairs that it has seen
(an alpha-spending function, Lan and DeMets 1983), with levels that are those of the t statistic
itself, whose looks are less alike than a normal statistic's when pairs are few.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit

from mlci.statistics.proportions import Floats, quantile

Decision = Literal["pass", "fail", "continue"]


@dataclass(frozen=True, kw_only=True)
class RatioLook:
    """The state of the comparison at its last look.

    ``estimate``, ``lower`` and ``upper`` are ratios (not logs), None before the first look. The
    bounds hold at all looks together, each at ``confidence``. ``spent`` is the share of the error
    spent so far; at 1 without a decision the looks are used up. ``needed`` is the number of pairs
    that would decide at the spread seen, None if unknown or decided.
    """

    decision: Decision
    estimate: float | None
    lower: float | None
    upper: float | None
    pairs: int
    spent: float
    needed: int | None


def looks(maximum_pairs: int) -> tuple[int, ...]:
    """Numbers of pairs at which to look: 4, 6, 9, 13, ... growing by half, up to the maximum."""
    if maximum_pairs < 4:
        raise ValueError("fewer than 4 pairs of blocks can't be judged")
    chosen = [4]
    while chosen[-1] * 1.5 <= maximum_pairs:
        chosen.append(int(chosen[-1] * 1.5))
    if chosen[-1] * 1.2 < maximum_pairs:
        chosen.append(maximum_pairs)
    else:
        chosen[-1] = maximum_pairs
    return tuple(chosen)


def judge_ratio(
    log_ratios: Sequence[float], maximum_ratio: float, confidence: float, looks: tuple[int, ...]
) -> RatioLook:
    """The first look that decided, else the latest: pairs between looks wait for the next one.

    pass: the upper bound is below ``maximum_ratio``. fail: the lower bound is above 1 (the
    candidate is truly slower) and the estimate above ``maximum_ratio``. Pairs without any spread
    are never judged: real timings have some. ValueError for values that aren't finite.
    """
    values = np.asarray(log_ratios, float)
    if not np.all(np.isfinite(values)) or not maximum_ratio > 1.0:
        raise ValueError("log ratios must be finite and the maximum ratio above 1")
    levels = spending(looks, 1.0 - confidence)
    latest = RatioLook(
        decision="continue",
        estimate=None,
        lower=None,
        upper=None,
        pairs=0,
        spent=0.0,
        needed=None,
    )
    for n, level in zip(looks, levels, strict=True):
        if n > values.size or latest.decision != "continue":
            break
        latest = _look(values[:n], level, math.log(maximum_ratio), confidence, n / looks[-1])
    return latest


def _look(
    values: Floats, level: float, tolerance: float, confidence: float, spent: float
) -> RatioLook:
    n = values.size
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    half = float(stdtrit(n - 1, 1.0 - level)) * spread / math.sqrt(n)
    decision: Decision = "continue"
    if spread > 0.0 and mean + half < tolerance:
        decision = "pass"
    elif spread > 0.0 and mean - half > 0.0 and mean > tolerance:
        decision = "fail"
    return RatioLook(
        decision=decision,
        estimate=math.exp(mean),
        lower=math.exp(mean - half),
        upper=math.exp(mean + half),
        pairs=n,
        spent=spent,
        needed=_needed(mean, spread, tolerance, confidence, n) if decision == "continue" else None,
    )


def _needed(mean: float, spread: float, tolerance: float, confidence: float, n: int) -> int | None:
    distance = tolerance - mean if mean < tolerance else mean
    if distance <= 0.0:
        return None
    pairs = ((quantile(confidence) + quantile(0.8)) * spread / distance) ** 2
    return max(math.ceil(pairs), n + 1) if pairs < 1e9 else None


def pairs_needed(spread: float, maximum_ratio: float, confidence: float, power: float = 0.8) -> int:
    """Pairs to show an equal pair within ``maximum_ratio``; ``spread`` is of one log ratio."""
    effect = math.log(maximum_ratio)
    return max(math.ceil(((quantile(confidence) + quantile(power)) * spread / effect) ** 2), 4)


@lru_cache(maxsize=64)
def spending(looks: tuple[int, ...], alpha: float) -> tuple[float, ...]:
    """The nominal one-sided level of each look, spending alpha in proportion to the pairs seen.

    From 200,000 seeded paths of the t statistic of equal normal pairs: a look's level is what only
    its share of all paths falls below, among those that fell below no level before.
    """
    paths = 200_000
    random = np.random.default_rng(20)
    alive = np.ones(paths, bool)
    total, squares = np.zeros(paths), np.zeros(paths)
    levels: list[float] = []
    before = 0
    for n in looks:
        # The sum and the sum of squares of the new pairs, without drawing each of them.
        new = n - before
        part = random.normal(0.0, math.sqrt(new), paths)
        total += part
        squares += part**2 / new + (2.0 * random.standard_gamma((new - 1) / 2, paths))
        spread = np.sqrt((squares - total**2 / n) / (n - 1))
        p_values = stdtr(n - 1, total / (spread * math.sqrt(n)))
        share = alpha * new / looks[-1]
        levels.append(float(np.quantile(np.where(alive, p_values, 1.0), share)))
        alive &= p_values > levels[-1]
        before = n
    return tuple(levels)
