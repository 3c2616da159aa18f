"""Several policies may apply: live traffic is watched by the strictest word of each."""

from collections.abc import Sequence

from mlci.records.policy import GatePolicy, Watch


def strictest(policies: Sequence[GatePolicy]) -> Watch:
    """One Watch that satisfies all; a longer deadline is no licence, so the shortest counts."""
    watches = [policy.watch for policy in policies]
    return Watch(
        harm=min(each.harm for each in watches),
        tolerated=min(each.tolerated for each in watches),
        error_budget=min(each.error_budget for each in watches),
        latency=tuple(sorted({bound for each in watches for bound in each.latency})),
        latency_budget=min(each.latency_budget for each in watches),
        confidence=max(each.confidence for each in watches),
        minimum_requests=max(each.minimum_requests for each in watches),
        deadline=min(each.deadline for each in watches),
        on_deadline="abort" if any(e.on_deadline == "abort" for e in watches) else "pause",
        keep_watching=max(each.keep_watching for each in watches),
        first_release_regressed=(
            "stop" if any(e.first_release_regressed == "stop" for e in watches) else "keep"
        ),
        on_manual_abort=(
            "revert" if any(e.on_manual_abort == "revert" for e in watches) else "propose"
        ),
    )
