"""What the data gate could show, before it counts."""

from mlci.gates.data.planning import read_terms
from mlci.gates.forecast import Forecast
from mlci.records.judgement import Planned
from mlci.records.metric import DRIFT
from mlci.records.policy import GateSpec


def counted(spec: GateSpec, planned: Planned, rows: int) -> Forecast:
    """Every row is looked at, so nothing is left to chance but drift, whose bins aren't known."""
    if planned.metric != DRIFT:
        return Forecast(n=rows, detectable=None, assuming="nothing: every row is counted")
    least = read_terms(spec).minimum_rows
    return Forecast(
        n=rows,
        detectable=None,
        assuming="nothing: the bins of both exams decide",
        warning=f"fewer rows than the {least:,} that drift needs" if rows < least else "",
    )
