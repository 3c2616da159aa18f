"""The agent's ``/metrics``: what was counted and what is thought of it, as Prometheus text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mlci.records.outcome import Health
from mlci.records.traffic import ArmCounts
from mlci.watch.judge import Assessment

_FAMILIES = {
    "mlci_requests_total": ("counter", "Requests that have a status code."),
    "mlci_request_duration_seconds": ("histogram", "Seconds until the answer, of real answers."),
    "mlci_requests_active": ("gauge", "Requests in flight."),
    "mlci_weight_percent": ("gauge", "The arm's share of the traffic."),
    "mlci_log_e_value": ("gauge", "Natural logarithm of the evidence; above log(2/alpha) decides."),
    "mlci_health": ("gauge", "1 for what is said of the delivery now."),
}

Labels = Mapping[str, str]
Sample = tuple[str, Labels, float]


@dataclass(frozen=True, kw_only=True)
class ArmView:
    """``arm`` is stable or canary; ``weight`` in percent."""

    arm: str
    version: str
    weight: int
    counts: ArmCounts


@dataclass(frozen=True, kw_only=True)
class ModelView:
    """One model in one environment; no ``assessment`` where nothing is watched."""

    model: str
    environment: str
    arms: Sequence[ArmView]
    assessment: Assessment | None = None


def exposition(views: Iterable[ModelView]) -> str:
    """Prometheus text format 0.0.4, families in a fixed order."""
    samples = [sample for view in views for sample in _samples(view)]
    lines = []
    for family, (kind, meaning) in _FAMILIES.items():
        own = [each for each in samples if each[0].startswith(family)]
        if kind != "histogram":
            own = [each for each in own if each[0] == family]
        if own:
            lines += [f"# HELP {family} {meaning}", f"# TYPE {family} {kind}"]
            lines += [f"{name}{{{_labels(labels)}}} {value!r}" for name, labels, value in own]
    return "".join(f"{line}\n" for line in lines)


def _samples(view: ModelView) -> Iterator[Sample]:
    base = {"model": view.model, "environment": view.environment}
    for arm in view.arms:
        labels = base | {"arm": arm.arm, "version": arm.version}
        yield "mlci_weight_percent", labels, arm.weight
        yield "mlci_requests_active", labels, arm.counts.active
        for code, count in sorted(arm.counts.codes.items()):
            yield "mlci_requests_total", labels | {"code": str(code)}, count
        yield from _durations(labels, arm.counts)
    if view.assessment is not None:
        for name, value in sorted(view.assessment.evidence.items()):
            hypothesis, metric = name.split("/")
            yield "mlci_log_e_value", base | {"hypothesis": hypothesis, "metric": metric}, value
        for health in Health:
            now = int(health is view.assessment.health)
            yield "mlci_health", base | {"health": health.value}, now


def _durations(labels: Labels, counts: ArmCounts) -> Iterator[Sample]:
    """Envoy keeps no sum; its last edge stands for infinity, as every request ends before it."""
    name = "mlci_request_duration_seconds"
    for edge, count in counts.buckets:
        yield f"{name}_bucket", {**labels, "le": f"{edge:g}"}, count
    if counts.buckets:
        yield f"{name}_bucket", {**labels, "le": "+Inf"}, counts.buckets[-1][1]
        yield f"{name}_count", labels, counts.buckets[-1][1]


def _labels(labels: Labels) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
