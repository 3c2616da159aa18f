"""Groups' errors in a regression: their means, or the roots of these, compared pair by pair."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from mlci.evaluation.tables import group_codes, tabulate_groups
from mlci.gates.decision import detectable, needed
from mlci.gates.fairness.compared import Compared, kind_of
from mlci.gates.fairness.union import united
from mlci.records.examination import Examination
from mlci.records.judgement import Planned
from mlci.statistics.fairness import Pair
from mlci.statistics.group_means import GroupLosses, Means, group_losses, means
from mlci.statistics.mean_pairs import mean_pairs
from mlci.statistics.values import row_losses


@dataclass(frozen=True, kw_only=True)
class GroupErrors:
    """``rows`` int64 [groups], and the sums of each group's losses, in the order of ``names`` and
    of ``groups`` (codes, as ``Grouped`` has them)."""

    names: tuple[str, ...]
    groups: NDArray[np.int32] = field(repr=False)
    rows: NDArray[np.int64] = field(repr=False)
    losses: GroupLosses

    def __add__(self, other: "GroupErrors") -> "GroupErrors":
        union = united(self, other)
        rows = np.zeros(len(union.names), np.int64)
        rows[union.one] += self.rows
        rows[union.other] += other.rows
        return GroupErrors(
            names=union.names,
            groups=union.groups,
            rows=rows,
            losses=self.losses.among(union.one, rows.size)
            + other.losses.among(union.other, rows.size),
        )


def gather_errors(
    metric: str, examination: Examination, entries: Sequence[tuple[str, ...]]
) -> dict[Any, GroupErrors]:
    """By each entry's columns together. Raises Broken above the most groups that are compared."""
    truth = examination.truth
    own = row_losses(metric, truth, examination.candidate.label)  # type: ignore[arg-type]
    champion = examination.champion
    other = None
    if champion is not None:
        other = row_losses(metric, truth, champion.label)  # type: ignore[arg-type]
    found = {}
    for by in entries:
        names, cells = tabulate_groups(examination, by)
        codes = group_codes(examination, by, cells)
        found[by] = GroupErrors(
            names=names,
            groups=cells,
            rows=np.bincount(codes, minlength=len(names)),
            losses=group_losses(
                codes,
                own,
                other,
                groups=len(names),
                form="root" if metric == "root_mean_squared_error" else "mean",
                weight=examination.weight,
                cluster=examination.cluster,
            ),
        )
    return found


def compare_errors(planned: Planned, errors: GroupErrors, *, assure: bool) -> Compared:
    """Every pair of the candidate's groups."""
    pairs: tuple[Pair, ...] = ()
    if len(errors.names) > 1:
        pairs = mean_pairs(
            errors.losses,
            kind=kind_of(planned),
            limit=planned.limit.value,
            confidence=planned.confidence,
            assure=assure,
        )
    n = int(errors.rows.sum())

    def shown(widest: Pair) -> float | None:
        """As far from the limit as a truth must lie to be shown, by the widest pair's errors."""
        if widest.estimate is None or widest.upper is None or not math.isfinite(widest.lower):
            return None
        return detectable(widest.estimate, (widest.lower, widest.upper), widest.confidence)

    def gap(widest: Pair) -> float | None:
        reach = shown(widest)
        if reach is None:
            return None
        if kind_of(planned) == "difference":
            return planned.limit.value + reach
        return max(planned.limit.value - reach, 0.0)

    return Compared(
        names=errors.names,
        n=n,
        pairs=pairs,
        groups=_groups(planned, errors),
        detectable=gap,
        needed=lambda widest: needed(
            n, shown(widest), abs((widest.estimate or 0.0) - planned.limit.value)
        ),
    )


def _groups(planned: Planned, errors: GroupErrors) -> list[dict[str, Any]]:
    found = means(errors.losses)
    return [
        {
            "group": name,
            "n": int(errors.rows[at]),
            "rate": None if np.isnan(found.value[at]) else float(found.value[at]),
            "interval": own_interval(found, at, planned.confidence),
            **({} if errors.losses.sums.simple else {"effectiveRows": float(found.units[at])}),
        }
        for at, name in enumerate(errors.names)
    ]


def own_interval(found: Means, at: int, confidence: float) -> list[float] | None:
    """Student's, of one group by itself; for display."""
    if not found.units[at] >= 2.0:
        return None
    half = float(stdtrit(found.units[at] - 1.0, confidence) * np.sqrt(found.covariance[at, at]))
    return [float(found.value[at]) - half, float(found.value[at]) + half]
