"""``policies/<name>.yaml`` -> GatePolicy."""

from collections.abc import Mapping
from typing import Any

from mlci.manifest.document import Reading, read
from mlci.manifest.extends import extended, pack
from mlci.manifest.meaning.policy import check
from mlci.manifest.rules import rules
from mlci.manifest.waivers import waiver_rules, waivers
from mlci.records.defaults import CONFIDENCE, SOURCES
from mlci.records.policy import ExamUse, GatePolicy, GateSpec, Pack, Watch
from mlci.records.units import seconds, share

_COMMON = frozenset({"gate", "name", "required", "confidence"})


def parse_policy(path: str, content: bytes, commit: str = "") -> GatePolicy:
    """``commit`` is where the bytes were read. Raises Invalid with every problem of the file, and
    Broken where there are rules and no library that reads CEL."""
    return typed(extended(read(path, content, "GatePolicy")), commit)


def typed(reading: Reading, commit: str = "") -> GatePolicy:
    check(reading)
    reading.problems.raise_if_any()
    spec = reading.value["spec"]
    confidence = float(spec.get("confidence", CONFIDENCE))
    evaluations = spec.get("evaluations")
    return GatePolicy(
        source=reading.source,
        name=reading.value["metadata"]["name"],
        commit=commit,
        environments=tuple(spec["appliesTo"]["environments"]),
        models=tuple(spec["appliesTo"].get("models", ("*",))),
        confidence=confidence,
        on_inconclusive=spec.get("onInconclusive", "refuse"),
        sources=tuple(spec.get("sources", SOURCES)),
        evaluations=None if evaluations is None else tuple(evaluations),
        gates=tuple(_gate(index, each, confidence) for index, each in enumerate(spec["gates"])),
        watch=_watch(spec.get("watch", {})),
        rules=rules(spec),
        waivers=waivers(spec),
        waiver_rules=waiver_rules(spec),
        pack=_pack(spec.get("extends")),
        exam=_exam(spec.get("exam", {})),
    )


def _pack(name: str | None) -> Pack | None:
    return None if name is None else Pack(name=name, digest=pack(name).source.digest)


def _exam(spec: Mapping[str, Any]) -> ExamUse:
    return ExamUse(
        maximum_runs=spec.get("maximumRuns"), shared_error=spec.get("correction") == "bonferroni"
    )


def _gate(index: int, entry: Mapping[str, Any], confidence: float) -> GateSpec:
    return GateSpec(
        gate=entry["gate"],
        name=entry.get("name", entry["gate"]),
        index=index,
        required=entry.get("required", True),
        confidence=float(entry.get("confidence", confidence)),
        parameters={key: value for key, value in entry.items() if key not in _COMMON},
    )


def _watch(spec: Mapping[str, Any]) -> Watch:
    default = Watch()
    times = {key: seconds(spec[key]) for key in ("deadline", "keepWatching") if key in spec}
    budgets = {key: share(spec[key]) for key in ("errorBudget", "latencyBudget") if key in spec}
    bounds = spec.get("latency")
    return Watch(
        harm=float(spec.get("harm", default.harm)),
        tolerated=float(spec.get("tolerated", default.tolerated)),
        error_budget=budgets.get("errorBudget", default.error_budget),
        latency=default.latency if bounds is None else tuple(map(seconds, bounds)),
        latency_budget=budgets.get("latencyBudget", default.latency_budget),
        confidence=float(spec.get("confidence", default.confidence)),
        minimum_requests=int(spec.get("minimumRequests", default.minimum_requests)),
        deadline=times.get("deadline", default.deadline),
        on_deadline=spec.get("onDeadline", default.on_deadline),
        keep_watching=times.get("keepWatching", default.keep_watching),
        first_release_regressed=spec.get("firstReleaseRegressed", default.first_release_regressed),
        on_manual_abort=spec.get("onManualAbort", default.on_manual_abort),
    )
