"""What the robustness gate is asked for, and the judgements that must arrive."""

from dataclasses import dataclass

from mlci.gates.planning import judgement
from mlci.records.judgement import Limit, LimitKind, Planned
from mlci.records.metric import FLIP_RATE
from mlci.records.perturbation import Perturbation, PerturbationKind
from mlci.records.policy import GatePolicy, GateSpec
from mlci.records.units import share

ID = "robustness"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The gate's parameters: shares in 0..1; ``tolerance`` in the label's unit."""

    perturbations: tuple[Perturbation, ...]
    maximum: float | None
    margin: float | None
    tolerance: float | None


def read_terms(spec: GateSpec) -> Terms:
    """From parameters that the policy's schema has admitted. Raises ValueError otherwise."""
    given = spec.parameters
    return Terms(
        perturbations=tuple(
            Perturbation(
                kind=PerturbationKind(kind),
                columns=tuple(entry["columns"]),
                amount=float(entry["scale"]) if "scale" in entry else share(entry["share"]),
            )
            for kind, entry in given["perturbations"].items()
        ),
        maximum=share(given["maximum"]) if "maximum" in given else None,
        margin=share(given["champion"]["margin"]) if "champion" in given else None,
        tolerance=float(given["tolerance"]) if "tolerance" in given else None,
    )


def plan(spec: GateSpec, policy: GatePolicy, *, comparing: bool) -> tuple[Planned, ...]:
    """For each perturbation a maximum, and a margin to the champion when ``comparing``."""
    terms = read_terms(spec)
    limits = []
    if terms.maximum is not None:
        limits.append(Limit(kind=LimitKind.MAXIMUM, value=terms.maximum))
    if terms.margin is not None and comparing:
        limits.append(Limit(kind=LimitKind.MARGIN, value=terms.margin))
    return tuple(
        judgement(
            spec, policy, FLIP_RATE, limit, (each.kind.value, {"perturbation": each.kind.value})
        )
        for each in terms.perturbations
        for limit in limits
    )
