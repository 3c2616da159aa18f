"""What perturbed rows could show, before any is perturbed."""

from mlci.gates.forecast import DISCORDANCE, Forecast, too_narrow
from mlci.gates.robustness.planning import read_terms
from mlci.records.judgement import LimitKind, Planned
from mlci.records.perturbation import Perturbation, PerturbationKind
from mlci.records.policy import GateSpec
from mlci.statistics.paired import detectable_margin
from mlci.statistics.power import detectable_minimum


def rows_asked(spec: GateSpec, rows: int) -> int:
    """How many rows each model is asked about again."""
    return sum(_changed(each, rows) for each in read_terms(spec).perturbations)


def perturbed(spec: GateSpec, planned: Planned, rows: int) -> Forecast:
    """Of an exam with so many ``rows``: those that the perturbation is expected to change."""
    kind = (planned.slice or {})["perturbation"]
    changed = _changed(
        next(each for each in read_terms(spec).perturbations if each.kind == kind), rows
    )
    if changed < 1:
        warning = "no row would be changed: the share or the exam is too small"
        return Forecast(n=0, detectable=None, assuming="", warning=warning)
    limit = planned.limit.value
    if planned.limit.kind is LimitKind.MARGIN:
        shown = detectable_margin(changed, DISCORDANCE, planned.confidence)
        return Forecast(
            n=changed,
            detectable=shown,
            assuming=f"two models of which one alone flips on {DISCORDANCE:.0%} of these rows",
            warning=too_narrow(shown, limit),
        )
    least = detectable_minimum(changed, 1.0 - limit, planned.confidence)
    return Forecast(
        n=changed,
        detectable=least,
        assuming="a flip rate at the limit",
        warning="" if least is not None else "even no flip at all would not show it",
    )


def _changed(perturbation: Perturbation, rows: int) -> int:
    """Noise changes each row; a share is drawn in each column by itself."""
    if perturbation.kind is PerturbationKind.NOISE:
        return rows
    untouched = (1.0 - perturbation.amount) ** len(perturbation.columns)
    return round(rows * (1.0 - untouched))
