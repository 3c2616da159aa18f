"""What the data gate is asked for, and the judgements that must arrive."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlci.gates.planning import judgement
from mlci.records.judgement import Limit, LimitKind, Planned
from mlci.records.metric import DRIFT, DUPLICATES, LEAKAGE, NULLS, OVERLAP, SCHEMA, VALUES
from mlci.records.policy import GatePolicy, GateSpec
from mlci.records.units import share

ID = "data"
CHECKS = (SCHEMA, NULLS, VALUES, DUPLICATES, LEAKAGE)

# A share o of rows that the model has seen makes an accuracy at most o too good: one point here.
DEFAULT_OVERLAP = 0.01
# What is widely read as a major shift; below a tenth as none.
DEFAULT_DRIFT = 0.25
# With fewer, ten bins hold too few rows for the chi-squared distribution.
DEFAULT_ROWS = 500


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The gate's parameters. ``overlap`` and ``drift`` are None where the policy says false;
    ``asked`` says that it names ``overlap`` itself, whatever the release's lineage says."""

    permitted: tuple[str, ...]
    overlap: float | None
    asked: bool
    drift: float | None
    minimum_rows: int


def read_terms(spec: GateSpec) -> Terms:
    """From parameters that the policy's schema has admitted."""
    overlap, drift = (spec.parameters.get(key, True) for key in (OVERLAP, DRIFT))
    leakage: Mapping[str, Any] = spec.parameters.get(LEAKAGE, {})
    return Terms(
        permitted=tuple(leakage.get("except", ())),
        overlap=None if overlap is False else share(_of(overlap).get("maximum", DEFAULT_OVERLAP)),
        asked=OVERLAP in spec.parameters,
        drift=None if drift is False else float(_of(drift).get("maximum", DEFAULT_DRIFT)),
        minimum_rows=int(_of(drift).get("minimumRows", DEFAULT_ROWS)),
    )


def plan(spec: GateSpec, policy: GatePolicy, *, comparing: bool) -> tuple[Planned, ...]:
    """The checks of the exam by itself; the overlap where the release names its training data or
    the policy insists on it; drift when ``comparing``."""
    terms = read_terms(spec)
    planned = [_maximum(spec, policy, metric, 0.0) for metric in CHECKS]
    if terms.overlap is not None:
        planned.append(_maximum(spec, policy, OVERLAP, terms.overlap, of_training=not terms.asked))
    if terms.drift is not None and comparing:
        planned.append(_maximum(spec, policy, DRIFT, terms.drift))
    return tuple(planned)


def _maximum(
    spec: GateSpec, policy: GatePolicy, metric: str, value: float, *, of_training: bool = False
) -> Planned:
    limit = Limit(kind=LimitKind.MAXIMUM, value=value)
    return replace(judgement(spec, policy, metric, limit), of_training=of_training)


def _of(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
