"""The data gate: what the exam's owner expects of the data, and what no exam may be.

It goes before all other gates: on data that aren't what they should be, nothing else is judged.
"""

from collections.abc import Callable, Mapping
from functools import partial

from mlci.gates.data.expected import judge_duplicates, judge_nulls, judge_schema, judge_values
from mlci.gates.data.measurement import DataMeasurement
from mlci.gates.data.measuring import measure
from mlci.gates.data.planning import ID, plan, read_terms
from mlci.gates.data.seen import judge_leakage, judge_overlap
from mlci.gates.data.shift import judge_drift
from mlci.gates.halves import Halves
from mlci.records.judgement import Judgement, Planned
from mlci.records.metric import DRIFT, DUPLICATES, LEAKAGE, NULLS, OVERLAP, SCHEMA, VALUES
from mlci.records.outcome import Outcome
from mlci.records.policy import GateSpec

__all__ = ["GOES_FIRST", "HALVES", "ID", "judge", "measure", "plan"]

GOES_FIRST = True
HALVES = Halves(measurement=DataMeasurement, judged=frozenset({LEAKAGE, OVERLAP, DRIFT}))

Check = Callable[[Planned, DataMeasurement], Judgement]


def judge(
    spec: GateSpec, planned: tuple[Planned, ...], measurement: DataMeasurement
) -> tuple[Judgement, ...]:
    """One judgement for each planned one; what could not be measured is an ERROR of its own."""
    terms = read_terms(spec)
    checks: Mapping[str, Check] = {
        SCHEMA: judge_schema,
        NULLS: judge_nulls,
        VALUES: judge_values,
        DUPLICATES: judge_duplicates,
        LEAKAGE: partial(judge_leakage, permitted=terms.permitted),
        OVERLAP: judge_overlap,
        DRIFT: partial(judge_drift, minimum_rows=terms.minimum_rows),
    }
    return tuple(
        _failed(each, measurement)
        if each.metric in measurement.failed
        else checks[each.metric](each, measurement)
        for each in planned
    )


def _failed(planned: Planned, measurement: DataMeasurement) -> Judgement:
    return Judgement(
        planned=planned,
        outcome=Outcome.ERROR,
        reason=measurement.failed[planned.metric],
        n=measurement.survey.rows,
    )
