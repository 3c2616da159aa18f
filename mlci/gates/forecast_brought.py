"""What is known before the run of metrics and gates that packages bring: the number of rows."""

from mlci.gates.brought.evidence import MOST_ROWS
from mlci.gates.brought.frame import seconds
from mlci.gates.forecast import Forecast
from mlci.plugins.gates import built_in
from mlci.plugins.metrics import brought
from mlci.records.judgement import Planned
from mlci.records.metric import METRICS
from mlci.records.policy import GateSpec


def brings(spec: GateSpec) -> bool:
    """Whether a package brings the entry's gate or its metric."""
    metric = spec.parameters.get("metric")
    return spec.gate not in built_in() or (isinstance(metric, str) and metric not in METRICS)


def forecast_brought(spec: GateSpec, rows: int) -> Forecast:
    if spec.gate not in built_in():
        return Forecast(n=rows, detectable=None, assuming="nothing: the gate's package decides")
    many = f"at most {MOST_ROWS:,} rows can be resampled" if rows > MOST_ROWS else ""
    assuming = "nothing: only resampling shows how a package's metric spreads"
    return Forecast(n=rows, detectable=None, assuming=assuming, warning=many)


def resampling_seconds(spec: GateSpec, planned: Planned, rows: int) -> float:
    """What one judgement of a package's metric takes; 0 where none is resampled."""
    metric = spec.parameters.get("metric")
    if not brings(spec) or spec.gate not in built_in() or rows > MOST_ROWS:
        return 0.0
    found = brought(str(metric))
    models = 2 if planned.limit.kind.compared else 1
    return 0.0 if found is None else models * seconds(rows, found.declared.resamples)
