"""Groups of both models on the same rows: rates or errors, and whether the widest gap has grown."""

import math
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mlci.gates.decision import POWER
from mlci.gates.fairness.counts import GroupCounts
from mlci.gates.fairness.errors import GroupErrors
from mlci.gates.fairness.errors import own_interval as error_interval
from mlci.gates.fairness.rates import own_interval as rate_interval
from mlci.statistics.fairness_gap import GapChange, Metric, change_of_tables
from mlci.statistics.group_means import means
from mlci.statistics.mean_pairs import mean_gap_change
from mlci.statistics.paired import detectable_margin
from mlci.statistics.proportions import quantile

Mask = NDArray[np.bool_]


class Against(Protocol):
    """``rows`` int64 [groups] that the metric looks at."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def rows(self) -> NDArray[np.int64]: ...

    def small(self, margin: float, confidence: float) -> Mask:
        """Groups [groups] whose rows couldn't show an equal value within ``margin``."""
        ...

    def without(self, dropped: Mask) -> "Against": ...

    def change(self, confidence: float) -> GapChange: ...

    def details(self, confidence: float) -> list[dict[str, Any]]:
        """Each group's two values, with the bounds of each by itself at ``confidence``."""
        ...


def strictest(groups: int, confidence: float) -> float:
    """The level at which every contrast of ordered pairs of groups holds together."""
    return 1.0 - (1.0 - confidence) / max(groups * (groups - 1), 1)


@dataclass(frozen=True, kw_only=True)
class RatesAgainst:
    counts: GroupCounts
    metric: Metric

    @property
    def names(self) -> tuple[str, ...]:
        return self.counts.names

    @property
    def rows(self) -> NDArray[np.int64]:
        return np.asarray(self.counts.paired(self.metric).sum(axis=(1, 2)))

    def small(self, margin: float, confidence: float) -> Mask:
        level = strictest(max(len(self.names), 2), confidence)
        tables = self.counts.effective_pairs(self.metric, level).tables
        totals, apart = tables.sum(axis=(1, 2)), tables[:, 0, 1] + tables[:, 1, 0]
        return np.array(
            [
                n == 0 or detectable_margin(float(n), float(d / n), level) > margin
                for n, d in zip(totals, apart, strict=True)
            ],
            np.bool_,
        )

    def without(self, dropped: Mask) -> "RatesAgainst":
        return replace(self, counts=self.counts.without(dropped))

    def change(self, confidence: float) -> GapChange:
        level = strictest(len(self.names), confidence)
        found = self.counts.effective_pairs(self.metric, level)
        return change_of_tables(found.tables, confidence, found.correlation)

    def details(self, confidence: float) -> list[dict[str, Any]]:
        tables = self.counts.effective_pairs(self.metric, confidence).tables
        totals = tables.sum(axis=(1, 2))
        hits, theirs = tables[:, 1].sum(axis=1), tables[:, :, 1].sum(axis=1)
        simple = self.counts.sums is None
        return [
            {
                "group": name,
                "n": int(self.rows[at]),
                "rate": float(hits[at] / total) if total else None,
                "interval": rate_interval(hits[at], total, confidence),
                "championRate": float(theirs[at] / total) if total else None,
                "championInterval": rate_interval(theirs[at], total, confidence),
                **({} if simple else {"effectiveRows": float(total)}),
            }
            for at, (name, total) in enumerate(zip(self.names, totals, strict=True))
        ]


@dataclass(frozen=True, kw_only=True)
class ErrorsAgainst:
    errors: GroupErrors

    @property
    def names(self) -> tuple[str, ...]:
        return self.errors.names

    @property
    def rows(self) -> NDArray[np.int64]:
        return self.errors.rows

    def small(self, margin: float, confidence: float) -> Mask:
        found, k = means(self.errors.losses), len(self.names)
        level = strictest(max(k, 2), confidence)
        own, other = np.arange(k), np.arange(k) + k
        spread = found.covariance
        variance = spread[own, own] + spread[other, other] - 2.0 * spread[own, other]
        shown = (quantile(level) + quantile(POWER)) * np.sqrt(np.maximum(variance, 0.0))
        return np.asarray((found.units[:k] < 2.0) | ~(shown <= margin))

    def without(self, dropped: Mask) -> "ErrorsAgainst":
        kept, losses = np.flatnonzero(~dropped), self.errors.losses
        width = losses.sums.values.size // losses.groups
        places = (kept[:, None] * width + np.arange(width)).ravel()
        sums = replace(
            losses.sums,
            values=losses.sums.values[places],
            cross=csr_array(losses.sums.cross)[places][:, places],
            cubes=losses.sums.cubes[places],
            rows=int(self.errors.rows[kept].sum()),
        )
        left = replace(losses, groups=kept.size, sums=sums, third=losses.third[kept])
        names = tuple(self.names[at] for at in kept)
        errors = replace(self.errors, names=names, rows=self.errors.rows[kept], losses=left)
        return ErrorsAgainst(errors=errors)

    def change(self, confidence: float) -> GapChange:
        return mean_gap_change(self.errors.losses, confidence)

    def details(self, confidence: float) -> list[dict[str, Any]]:
        found, k = means(self.errors.losses), len(self.names)
        simple = self.errors.losses.sums.simple
        return [
            {
                "group": name,
                "n": int(self.rows[at]),
                "rate": _known(found.value[at]),
                "interval": error_interval(found, at, confidence),
                "championRate": _known(found.value[at + k]),
                "championInterval": error_interval(found, at + k, confidence),
                **({} if simple else {"effectiveRows": float(found.units[at])}),
            }
            for at, name in enumerate(self.names)
        ]


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
