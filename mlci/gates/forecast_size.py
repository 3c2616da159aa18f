"""What a number of starts could show of a served model, and a look at its file."""

from mlci.gates.forecast import Forecast
from mlci.gates.size.planning import read_terms
from mlci.records.judgement import LimitKind, Planned
from mlci.records.metric import MODEL_BYTES
from mlci.records.policy import GateSpec
from mlci.statistics.median import fewest, passing_share

_START_SECONDS = 1.5  # of a server that ends again; small tabular models


def starting_seconds(spec: GateSpec, *, comparing: bool) -> float:
    """What the gate takes, at about; each model is started once more than is counted."""
    terms = read_terms(spec)
    if terms.metric == MODEL_BYTES:
        return 0.0
    models = 2 if comparing and terms.ratio is not None else 1
    return models * (terms.starts + 1) * _START_SECONDS


def sized(spec: GateSpec, planned: Planned) -> Forecast:
    """Of starts only the share that must keep the limit is known: how they spread is not."""
    starts = read_terms(spec).starts
    if planned.metric == MODEL_BYTES:
        maximum = planned.limit.kind is LimitKind.MAXIMUM
        return Forecast(
            n=1,
            unit="file",
            detectable=0.0 if maximum else None,
            assuming="nothing: a file's bytes are counted",
        )
    share = passing_share(starts, planned.confidence)
    if share is None:
        least = fewest(planned.confidence)
        warning = f"{least} starts are the fewest that decide at this confidence"
        return Forecast(n=starts, unit="starts", detectable=None, assuming="", warning=warning)
    whose = "starts" if planned.limit.kind is LimitKind.MAXIMUM else "pairs of starts"
    assuming = f"at least {share:.0%} of {whose} within the limit"
    return Forecast(n=starts, unit="starts", detectable=None, assuming=assuming)
