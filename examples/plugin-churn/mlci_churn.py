"""Churn for mlci: the share of rows that the candidate answers otherwise than the champion."""

from dataclasses import dataclass

from mlci.gates.decision import decide, detectable, needed
from mlci.gates.planning import judgement
from mlci.records.judgement import Judgement, Limit, LimitKind
from mlci.statistics.intervals import clopper_pearson

ID = "churn"
SCHEMA = {
    "required": ["maximum"],
    "properties": {"maximum": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}},
}


@dataclass(frozen=True, kw_only=True)
class Changed:
    changed: int
    rows: int


def plan(spec, policy, *, comparing):
    limit = Limit(kind=LimitKind.MAXIMUM, value=spec.parameters["maximum"])
    return (judgement(spec, policy, "churn", limit),) if comparing else ()


def measure(spec, planned, bench):
    seen = bench.examination()
    changed = seen.candidate.label != seen.champion.label
    return Changed(changed=int(changed.sum()), rows=seen.rows)


def judge(spec, planned, measurement):
    (asked,) = planned
    n, share = measurement.rows, measurement.changed / measurement.rows
    interval = clopper_pearson(measurement.changed, n, asked.confidence)
    outcome = decide(asked.limit, interval)
    shown = detectable(share, interval, asked.confidence)
    return (
        Judgement(
            planned=asked,
            outcome=outcome,
            reason=f"{measurement.changed} of {n} answers changed",
            estimate=share,
            interval=interval,
            n=n,
            detectable=shown,
            needed=needed(n, shown, abs(share - asked.limit.value)),
        ),
    )
