"""The candidate's widest gap between groups against the champion's, on the same rows."""

import math
from typing import Any

from mlci.evaluation.naming import listed
from mlci.gates.decision import decide, detectable, needed, threshold
from mlci.gates.fairness.against import Against
from mlci.records.judgement import Judgement, Planned
from mlci.records.outcome import Outcome

MOST_GROUPS = 100  # the bounds compare every pair of pairs


def judge_against_champion(planned: Planned, groups: Against, *, small_groups: str) -> Judgement:
    """PASS when the gap is shown to be no wider than the champion's by more than the margin.

    The estimate is the champion's gap minus the candidate's. A group is small when its rows could
    not show, at the level of all groups together, that its value changed by less than twice the
    margin; under ``report`` small groups are left out, and named.
    """
    small = groups.small(2 * planned.limit.value, planned.confidence)
    names = [name for name, out in zip(groups.names, small, strict=True) if out]
    judged = groups.without(small) if small_groups == "report" else groups
    rows = judged.rows
    n = int(rows.sum())
    details: dict[str, Any] = {"smallGroups": small_groups, "small": names}
    note = f"; too few rows to show twice the margin: {listed(names)}" if names else ""
    if int((rows > 0).sum()) < 2 or rows.size > MOST_GROUPS:
        many = rows.size > MOST_GROUPS
        reason = f"{rows.size} groups, at most {MOST_GROUPS} can be compared with the champion's"
        return Judgement(
            planned=planned,
            outcome=Outcome.ERROR if many or not names else Outcome.INCONCLUSIVE,
            reason=(reason if many else "no two groups with rows to compare") + note,
            n=n,
            details=details,
        )
    details["groups"] = judged.details(planned.confidence)
    change = judged.change(planned.confidence)
    estimate, interval = -change.estimate, (-change.upper, -change.lower)
    if not all(math.isfinite(end) for end in interval):
        return Judgement(
            planned=planned,
            outcome=Outcome.INCONCLUSIVE,
            reason=f"too few rows bear the groups' values to bound the change of the gap{note}",
            n=n,
            details=details,
        )
    outcome = decide(planned.limit, interval)
    if names and small_groups == "fail" and outcome is not Outcome.PASS:
        outcome = Outcome.FAIL
    shown = detectable(estimate, interval, planned.confidence)
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
        },
    )


_WORDS = {
    Outcome.PASS: "shown no wider than the champion's by more than the margin",
    Outcome.FAIL: "shown wider than the champion's by more than the margin",
    Outcome.INCONCLUSIVE: "not shown to be within the margin of the champion's, nor the contrary",
}
