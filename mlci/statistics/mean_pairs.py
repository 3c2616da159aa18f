"""Every pair of groups' mean losses against a limit, and whether the widest gap has grown.

Each pair is a Welch test of the difference (a ratio is the contrast low - ratio * high: Fieller
1954) on the groups' sums, with the covariance that clusters spanning groups bring about. Groups of
different sizes leave skewness in the difference; it is taken out as in moments.py, where that makes
the test more careful (of groups that share clusters as if they didn't). A small group that doesn't
hold the rows of its tail has a low mean and seems sure of it: no group's tail is taken for shorter
than that of all groups together.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr, stdtrit

from mlci.statistics.fairness import Pair
from mlci.statistics.fairness_gap import GapChange
from mlci.statistics.group_means import GroupLosses, Means, means
from mlci.statistics.holm import holm, holm_levels
from mlci.statistics.moments import FEWEST, TAKEN_OUT, long_tail, straightened
from mlci.statistics.pair_table import Kind
from mlci.statistics.proportions import Floats, quantile
from mlci.statistics.roots import falling_root

MOST_SKEWED = 0.5  # as moments.MOST_SKEWED: beyond it a pair shows nothing


def mean_pairs(
    losses: GroupLosses, *, kind: Kind, limit: float, confidence: float, assure: bool
) -> tuple[Pair, ...]:
    """All k(k-1)/2 pairs of the candidate's k groups, as ``fairness.pairwise`` gives them.

    ``i`` has the higher mean; ``estimate`` is mean_i - mean_j, or mean_j / mean_i for means above
    zero. A pair of which a group has fewer than FEWEST units, no spread, or a few units that make
    up the difference shows nothing: its bounds are infinite (a ratio's 0 and None). ValueError for
    limits that cannot be.
    """
    quantile(confidence)
    if limit < 0.0 or (kind == "ratio" and not 0.0 < limit <= 1.0):
        raise ValueError(f"{limit!r} is no limit of a {kind}")
    table, alpha = _Table(means(losses), losses.groups, kind), 1.0 - confidence
    near_end, far_end = (limit, -limit) if kind == "difference" else (limit, 1.0 / limit)
    near, far = table.p_value(near_end), table.p_value(far_end)
    both = near + far
    p_value = np.where(table.some, np.minimum(both, 1.0), 1.0)
    adjusted, level = np.ones_like(p_value), np.full_like(p_value, alpha)
    adjusted[table.some] = holm(p_value[table.some])
    beyond = adjusted <= alpha
    by_holm = table.some & (beyond | (not assure))
    steps = np.ones_like(p_value)
    steps[table.some] = holm_levels(p_value[table.some], alpha)
    near_part = np.divide(near, both, out=np.ones_like(both), where=both > 0.0)
    level[by_holm] = (steps * near_part)[by_holm]
    comparisons = 1 if assure else max(int(table.some.sum()), 1)
    power = table.power(limit, alpha / comparisons)
    least, most = table.bounds(np.full_like(level, alpha))
    within = table.some & (least > min(near_end, far_end)) & (most < max(near_end, far_end))
    lower, upper = table.bounds(level)
    estimate, defined = table.estimate
    return tuple(
        Pair(
            i=int(table.i[at]),
            j=int(table.j[at]),
            estimate=float(estimate[at]) if defined[at] else None,
            lower=float(lower[at]),
            upper=float(upper[at]) if upper[at] < np.inf else None,
            confidence=float(1.0 - level[at]),
            p_value=float(p_value[at]),
            adjusted=float(adjusted[at]),
            power=float(power[at]),
            beyond=bool(beyond[at]),
            within=bool(within[at]),
        )
        for at in range(table.i.size)
    )


class _Table:
    """The pairs as arrays; contrasts are high - low - limit, or low - ratio * high."""

    def __init__(self, found: Means, groups: int, kind: Kind) -> None:
        self.kind = kind
        value, self.units = found.value[:groups], found.units[:groups]
        first, second = np.triu_indices(groups, 1)
        swap = value[second] > value[first]
        self.i, self.j = np.where(swap, second, first), np.where(swap, first, second)
        self.value, self.covariance = value, found.covariance
        self.cubes = _with_tails(found.cubes[:groups], found.covariance, self.units)
        self.high, self.low = value[self.i], value[self.j]
        enough = (self.units[self.i] >= FEWEST) & (self.units[self.j] >= FEWEST)
        error, skewness, _ = self._spread(1.0)
        self.some: NDArray[np.bool_] = (
            enough & (error > 0.0) & (np.abs(skewness) <= MOST_SKEWED) & np.isfinite(error)
        )
        if kind == "ratio":
            self.some &= self.low > 0.0

    @property
    def estimate(self) -> tuple[Floats, NDArray[np.bool_]]:
        with np.errstate(divide="ignore", invalid="ignore"):
            seen = self.high - self.low if self.kind == "difference" else self.low / self.high
        return seen, np.isfinite(seen) & ((self.kind == "difference") | (self.low >= 0.0))

    def _spread(self, ratio: Any) -> tuple[Floats, Floats, Floats]:
        """Of ratio * high - low: standard error, skewness of what units add to it over the root of
        their number, and Welch's degrees of freedom."""
        variance = self.covariance.diagonal()
        own, other = ratio**2 * variance[self.i], variance[self.j]
        total = own + other - 2.0 * ratio * self.covariance[self.i, self.j]
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.sqrt(np.maximum(total, 0.0))
            skewness = (ratio**3 * self.cubes[self.i] - self.cubes[self.j]) / (own + other) ** 1.5
            known = own**2 / (self.units[self.i] - 1.0) + other**2 / (self.units[self.j] - 1.0)
            degrees = np.maximum((own + other) ** 2 / known, 1.0)
        rounding = error <= 1e-12 * (np.abs(self.high) + np.abs(self.low))
        return np.where(rounding, 0.0, error), skewness, degrees

    def p_value(self, limit: float) -> Floats:
        """Of the hypothesis that the pair is not beyond ``limit`` in the direction seen."""
        if self.kind == "difference":
            error, skewness, degrees = self._spread(1.0)
            surplus = self.high - self.low - limit
        else:
            error, skewness, degrees = self._spread(limit)
            surplus = limit * self.high - self.low
        return self._tail(surplus, error, skewness, degrees)

    def _tail(self, surplus: Floats, error: Floats, skewness: Floats, degrees: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            t = surplus / error
            found = stdtr(degrees, -np.where(t > 0.0, straightened(skewness, t), t))
        return np.where(self.some & np.isfinite(t), found, 1.0)

    def bounds(self, level: Floats) -> tuple[Floats, Floats]:
        """Lower and upper bound of each pair, each missing with a chance of ``level``."""
        if self.kind == "ratio":
            return self._ratio_bounds(level)
        error, skewness, degrees = self._spread(1.0)
        with np.errstate(invalid="ignore"):
            t = stdtrit(degrees, 1.0 - level)
            down, up = long_tail(-skewness, t) * error, long_tail(skewness, t) * error
        gap = self.high - self.low
        return np.where(self.some, gap - down, -np.inf), np.where(self.some, gap + up, np.inf)

    def _ratio_bounds(self, level: Floats) -> tuple[Floats, Floats]:
        def side(sign: float) -> Floats:
            def beyond(log: Floats) -> Floats:
                ratio = np.exp(log)
                error, skewness, degrees = self._spread(ratio)
                t = stdtrit(degrees, 1.0 - level)
                with np.errstate(divide="ignore", invalid="ignore"):
                    seen = sign * (self.low - ratio * self.high) / error
                    seen = np.where(seen > 0.0, straightened(-sign * skewness, seen), seen)
                return np.where(self.some, sign * (seen - t), 0.0)

            end = np.full(self.i.shape, 30.0)
            return falling_root(beyond, -end, end)

        lower, upper = side(1.0), side(-1.0)
        return (
            np.where(self.some & (lower > -30.0), np.exp(lower), 0.0),
            np.where(self.some & (upper < 30.0), np.exp(upper), np.inf),
        )

    def power(self, limit: float, level: float) -> Floats:
        """The chance to show a pair that has twice the limit (ratio: half of it, with means about
        the mean of all groups)."""
        if self.kind == "difference":
            error, _, degrees = self._spread(1.0)
            surplus: Any = limit
        else:
            weight = np.where(np.isfinite(self.value), self.units, 0.0)
            base = float(np.nan_to_num(self.value) @ weight) / max(float(weight.sum()), 1e-300)
            surplus = limit / 2.0 * 2.0 * base / (1.0 + limit / 2.0)
            error, _, degrees = self._spread(limit)
        with np.errstate(divide="ignore", invalid="ignore"):
            chance = ndtr(surplus / error - stdtrit(degrees, 1.0 - level))
        return np.where(self.some, chance, 0.0)


def _with_tails(cubes: Floats, covariance: Floats, units: Floats) -> Floats:
    """Third moments of the means [m], each at least as far from zero as the skewness of a unit
    would make it that all groups have on average. Of that all is taken out, as it is of more units
    than the group's own, of which TAKEN_OUT times what is seen."""
    error = np.sqrt(covariance.diagonal()[: units.size])
    there = (units > 0.0) & (error > 0.0)
    if not there.any():
        return cubes
    scale = np.zeros_like(cubes)
    scale[there] = error[there] ** 3 / np.sqrt(units[there])
    seen = cubes[there] / scale[there]
    pooled = float(units[there] @ seen) / float(units[there].sum())
    shared = pooled / TAKEN_OUT * scale
    return np.where(np.abs(shared) > np.abs(cubes), shared, cubes)


def mean_gap_change(losses: GroupLosses, confidence: float) -> GapChange:
    """Bounds of the candidate's widest gap minus the champion's, each at ``confidence``.

    By the contrasts' bounds, as ``fairness_gap.change_of_tables`` argues; each contrast has
    Student's with the degrees of freedom of the smallest group in it. ValueError unless ``paired``
    and two groups have two units.
    """
    quantile(confidence)
    if not losses.paired:
        raise ValueError("a change of the gap needs the champion's losses")
    found, k = means(losses), losses.groups
    kept = np.flatnonzero(found.units[:k] >= 2.0)
    if kept.size < 2:
        raise ValueError("a gap needs two groups with two rows")
    both = np.concatenate([kept, kept + k])
    covariance = found.covariance[np.ix_(both, both)]
    own, other = found.value[kept], found.value[kept + k]
    level = (1.0 - confidence) / (kept.size * (kept.size - 1))
    half = _Reach(covariance, found.units[kept], level)
    return GapChange(
        estimate=float(np.ptp(own) - np.ptp(other)),
        lower=-half.upper(other, own, swapped=True),
        upper=half.upper(own, other, swapped=False),
        candidate=float(np.ptp(own)),
        champion=float(np.ptp(other)),
        groups=int(kept.size),
    )


class _Reach:
    """``covariance`` [2m, 2m] of the candidate's m means and then the champion's."""

    def __init__(self, covariance: Floats, units: Floats, level: float) -> None:
        size = units.size
        self.blocks = {
            swapped: (
                covariance[s:, s:][:size, :size],
                covariance[o:, o:][:size, :size],
                covariance[s : s + size, o : o + size],
            )
            for swapped, s, o in ((False, 0, size), (True, size, 0))
        }
        self.units, self.level = units, level

    def upper(self, first: Floats, second: Floats, *, swapped: bool) -> float:
        """max over (a, b) of min over (i, j) of the upper bounds of first_a - first_b - (second_i -
        second_j)."""
        own, other, mixed = self.blocks[swapped]
        i, j = (each.ravel() for each in np.nonzero(~np.eye(first.size, dtype=bool)))
        apart = other.diagonal()[i] + other.diagonal()[j] - 2.0 * other[i, j]
        fewest, worst = np.minimum(self.units[i], self.units[j]), -np.inf
        for a, b in zip(i.tolist(), j.tolist(), strict=True):
            variance = apart + own[a, a] + own[b, b] - 2.0 * own[a, b]
            variance += 2.0 * (mixed[a, j] - mixed[a, i] + mixed[b, i] - mixed[b, j])
            few = np.minimum(fewest, min(self.units[a], self.units[b]))
            t = -stdtrit(np.maximum(few - 1.0, 1.0), self.level)
            gap = first[a] - first[b] - (second[i] - second[j])
            worst = max(worst, float(np.min(gap + t * np.sqrt(np.maximum(variance, 0.0)))))
        return worst
