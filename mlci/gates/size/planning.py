"""What the size gate is asked for, and the judgements that must arrive."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlci.gates.planning import judgement
from mlci.records.judgement import Limit, LimitKind, Planned
from mlci.records.metric import COLD_START, MODEL_BYTES, PEAK_MEMORY
from mlci.records.policy import GatePolicy, GateSpec
from mlci.records.units import Unit, seconds, size

ID = "size"
UNITS: Mapping[str, Unit] = {MODEL_BYTES: size, PEAK_MEMORY: size, COLD_START: seconds}
# The bounds of a median at 0.95 then leave out the two highest and the two lowest of them.
DEFAULT_STARTS = 11


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The gate's parameters: ``maximum`` in bytes or seconds; a file is looked at once."""

    metric: str
    maximum: float | None
    ratio: float | None
    starts: int


def read_terms(spec: GateSpec) -> Terms:
    """From parameters that the policy's schema has admitted. Raises ValueError otherwise."""
    given = spec.parameters
    metric = given["metric"]
    starts = 1 if metric == MODEL_BYTES else int(given.get("starts", DEFAULT_STARTS))
    return Terms(
        metric=metric,
        maximum=UNITS[metric](given["maximum"]) if "maximum" in given else None,
        ratio=float(given["champion"]["maximumRatio"]) if "champion" in given else None,
        starts=starts,
    )


def plan(spec: GateSpec, policy: GatePolicy, *, comparing: bool) -> tuple[Planned, ...]:
    """A maximum, and a ratio to the champion when ``comparing``."""
    terms = read_terms(spec)
    limits = []
    if terms.maximum is not None:
        limits.append(Limit(kind=LimitKind.MAXIMUM, value=terms.maximum))
    if terms.ratio is not None and comparing:
        limits.append(Limit(kind=LimitKind.MAXIMUM_RATIO, value=terms.ratio))
    return tuple(judgement(spec, policy, terms.metric, limit) for limit in limits)
