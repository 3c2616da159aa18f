"""Every pair of groups against a limit, on counts: who is shown beyond it, who within it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from mlci.statistics.holm import holm, holm_levels
from mlci.statistics.pair_table import Kind, PairTable
from mlci.statistics.proportions import Floats, check_counts, quantile


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two groups: ``i`` has the higher rate, ``j`` the lower one (i < j on a tie).

    ``estimate`` is rate_i - rate_j (difference) or rate_j / rate_i (ratio), None where undefined.
    ``lower`` and ``upper`` are one-sided bounds, each at ``confidence``, the level that decided
    (see pairwise); ``upper`` is None where no ratio is too large. ``p_value`` is of the hypothesis
    that the pair keeps the limit, ``adjusted`` the same by Holm. ``power`` is the chance to show
    a pair that has twice the limit (ratio: half of it).
    """

    i: int
    j: int
    estimate: float | None
    lower: float
    upper: float | None
    confidence: float
    p_value: float
    adjusted: float
    power: float
    beyond: bool
    within: bool


def pairwise(
    successes: ArrayLike,
    totals: ArrayLike,
    *,
    kind: Kind,
    limit: float,
    confidence: float,
    assure: bool,
    correlation: ArrayLike | None = None,
) -> tuple[Pair, ...]:
    """All k(k-1)/2 pairs of k groups, in the order (0,1), (0,2), ... of their indices.

    ``beyond``: shown beyond the limit after Holm over all pairs that have rows, so that where every
    pair keeps the limit any alarm has a chance of at most 1 - confidence. ``within``: shown within
    the limit, each pair at ``confidence`` by itself; the claim that ALL pairs are within needs no
    correction (intersection-union test). A pair's bounds are at its Holm level (see holm_levels);
    under ``assure`` at ``confidence``, unless the pair is beyond. P-values invert the bounds (see
    contrast_lower). A group without rows makes pairs that show nothing. Where rows are weighted or
    clustered, counts are effective ones and ``correlation`` [k, k] is that of the groups' rates
    (see shrunk.rates). ValueError for counts, limits or correlations that cannot be.
    """
    x, n = np.asarray(successes, float), np.asarray(totals, float)
    if x.ndim != 1 or x.shape != n.shape or x.size < 2:
        raise ValueError("successes and totals are two lists of at least two groups")
    check_counts(x, n, none=True)
    if not 0.0 <= limit <= 1.0 or (kind == "ratio" and limit == 0.0):
        raise ValueError(f"{limit!r} is no limit of a {kind}")
    z, alpha = quantile(confidence), 1.0 - confidence
    table = PairTable(x, n, kind, _correlations(correlation, x.size))
    near_end, far_end = (limit, -limit) if kind == "difference" else (limit, 1.0 / limit)
    # A pair may break the limit in either direction: at the near end or, hardly ever, the far one.
    near, far = table.p_value(near_end), table.p_value(far_end)
    p_value = np.where(table.some, np.minimum(near + far, 1.0), 1.0)
    adjusted, level = np.ones_like(p_value), np.full_like(p_value, alpha)
    adjusted[table.some] = holm(p_value[table.some])
    beyond = adjusted <= alpha
    decided_by_holm = table.some & (beyond | (not assure))
    level[decided_by_holm] = _near_part(
        holm_levels(p_value[table.some], alpha), near[table.some], far[table.some]
    )[decided_by_holm[table.some]]
    comparisons = 1 if assure else max(int(table.some.sum()), 1)
    power = table.power(limit, 1.0 - alpha / comparisons, float(x.sum() / max(n.sum(), 1.0)))
    least, most = table.bounds(z)
    within = table.some & (least > min(near_end, far_end)) & (most < max(near_end, far_end))
    lower, upper = table.bounds(-ndtri(level))
    estimate, defined = table.estimate
    places = (table.i, table.j, estimate, defined, lower, upper, 1.0 - level)
    columns = (*places, p_value, adjusted, power, beyond, within)
    return tuple(
        Pair(
            i=i,
            j=j,
            estimate=seen if exists else None,
            lower=bottom,
            upper=top if top < np.inf else None,
            confidence=shown_at,
            p_value=raw,
            adjusted=by_holm,
            power=chance,
            beyond=is_beyond,
            within=is_within,
        )
        for (
            i, j, seen, exists, bottom, top, shown_at, raw, by_holm, chance, is_beyond, is_within
        ) in zip(*(column.tolist() for column in columns), strict=True)
    )  # fmt: skip


def _correlations(given: ArrayLike | None, groups: int) -> Floats | None:
    if given is None:
        return None
    found = np.asarray(given, float)
    if found.shape != (groups, groups) or not np.all(np.abs(found) <= 1.0 + 1e-9):
        raise ValueError(f"no correlations of {groups} groups")
    return found


def _near_part(level: Floats, near: Floats, far: Floats) -> Floats:
    """The level of the deciding bound: it passes the limit exactly where near + far <= level."""
    both = near + far
    return level * np.divide(near, both, out=np.ones_like(both), where=both > 0)
