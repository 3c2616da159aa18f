"""The candidate's widest gap between groups against the champion's, on the same rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.evaluation.naming import listed
from mlci.gates.decision import decide, detectable, needed, threshold
from mlci.gates.fairness.counts import GroupCounts
from mlci.records.judgement import Judgement, Planned
from mlci.records.outcome import Outcome
from mlci.statistics.fairness_gap import gap_change
from mlci.statistics.paired import detectable_margin

MOST_GROUPS = 100  # the bounds compare every pair of pairs


def judge_against_champion(
    planned: Planned, counts: GroupCounts, *, small_groups: str
) -> Judgement:
    """PASS when the gap is shown to be no wider than the champion's by more than the margin.

    The estimate is the champion's gap minus the candidate's. A group is small when its rows could
    not show, at the level of all groups together, that its rate changed by less than twice the
    margin; under ``report`` small
    groups are left out, and named.
    """
    table = counts.paired(planned.metric)  # type: ignore[arg-type]
    small = _small(table, 2 * planned.limit.value, planned.confidence)
    names = [name for name, out in zip(counts.names, small, strict=True) if out]
    judged = counts.without(small) if small_groups == "report" else counts
    totals = judged.paired(planned.metric).sum(axis=(1, 2))  # type: ignore[arg-type]
    details: dict[str, Any] = {"smallGroups": small_groups, "small": names}
    note = f"; too few rows to show twice the margin: {listed(names)}" if names else ""
    if int((totals > 0).sum()) < 2 or len(totals) > MOST_GROUPS:
        many = len(totals) > MOST_GROUPS
        reason = f"{len(totals)} groups, at most {MOST_GROUPS} can be compared with the champion's"
        return Judgement(
            planned=planned,
            outcome=Outcome.ERROR if many or not names else Outcome.INCONCLUSIVE,
            reason=(reason if many else "no two groups with rows to compare") + note,
            n=int(totals.sum()),
            details=details,
        )
    change = gap_change(judged.cells, planned.metric, planned.confidence)  # type: ignore[arg-type]
    estimate, interval = -change.estimate, (-change.upper, -change.lower)
    outcome = decide(planned.limit, interval)
    if names and small_groups == "fail" and outcome is not Outcome.PASS:
        outcome = Outcome.FAIL
    shown = detectable(estimate, interval, planned.confidence)
    n = int(totals.sum())
    gaps = f"gap {change.candidate:.4f}, the champion's {change.champion:.4f}"
    return Judgement(
        planned=planned,
        outcome=outcome,
        reason=f"{_WORDS[decide(planned.limit, interval)]}: {gaps}{note}",
        estimate=estimate,
        interval=interval,
        n=n,
        detectable=shown,
        needed=needed(n, shown, abs(estimate - threshold(planned.limit))),
        details={
            **details,
            "candidateGap": change.candidate,
            "championGap": change.champion,
            "groups": _rows(judged, judged.paired(planned.metric)),  # type: ignore[arg-type]
        },
    )


_WORDS = {
    Outcome.PASS: "shown no wider than the champion's by more than the margin",
    Outcome.FAIL: "shown wider than the champion's by more than the margin",
    Outcome.INCONCLUSIVE: "not shown to be within the margin of the champion's, nor the contrary",
}


def _small(table: NDArray[np.int64], margin: float, confidence: float) -> NDArray[np.bool_]:
    """Groups [groups] whose rows couldn't show an equal rate within ``margin``."""
    totals = table.sum(axis=(1, 2))
    k = max(len(table), 2)
    level = 1.0 - (1.0 - confidence) / (k * (k - 1))
    apart = table[:, 0, 1] + table[:, 1, 0]
    return np.array(
        [
            n == 0 or detectable_margin(int(n), float(d / n), level) > margin
            for n, d in zip(totals, apart, strict=True)
        ],
        np.bool_,
    )


def _rows(counts: GroupCounts, table: NDArray[np.int64]) -> list[dict[str, Any]]:
    totals = table.sum(axis=(1, 2))
    return [
        {
            "group": name,
            "n": int(n),
            "rate": int(cells[1].sum()) / int(n) if n else None,
            "championRate": int(cells[:, 1].sum()) / int(n) if n else None,
        }
        for name, n, cells in zip(counts.names, totals, table, strict=True)
    ]
