"""What a gate and a delivery would do: champion, policies, what the exam can show, minutes."""

from collections.abc import Callable, Sequence
from typing import Any

from mlci.evaluation.dataset import open_dataset
from mlci.evaluation.groups import read_groups
from mlci.evaluation.labels import read_labels
from mlci.evaluation.quality.identifiers import find_identifiers, warning
from mlci.flow.altered import altered
from mlci.flow.case import Case, artifacts_of, read_case
from mlci.flow.clock import moment, today
from mlci.flow.folders import fetch_data
from mlci.flow.former import champions_verdict
from mlci.flow.freeze import frozen
from mlci.flow.waits import waits
from mlci.gates.forecast import Exam, Forecast, overall
from mlci.gates.forecast_brought import brings, forecast_brought, resampling_seconds
from mlci.gates.forecast_data import counted
from mlci.gates.forecast_groups import grouped
from mlci.gates.forecast_load import loaded
from mlci.gates.forecast_recorded import Recorded, as_recorded
from mlci.gates.forecast_robustness import perturbed, rows_asked
from mlci.gates.forecast_size import sized, starting_seconds
from mlci.gates.forecast_tasks import as_binary, unknown
from mlci.gates.load.feasibility import duration, feasible
from mlci.gates.registry import find
from mlci.gitops.repository import Repository
from mlci.policy.plan import groupings
from mlci.policy.plan import plan as plan_judgements
from mlci.policy.rules import place_of
from mlci.policy.waivers import prospects
from mlci.policy.watch import strictest
from mlci.records.judgement import Planned
from mlci.records.policy import GatePolicy, GateSpec
from mlci.records.release import Release
from mlci.records.rollout import Shadow, Step

# Opening models and data, and the rows that one model answers in a second: small tabular models.
_START_SECONDS, _ROWS_PER_SECOND = 5.0, 1e5


def plan(
    repository: Repository, path: str, *, base: str | None, say: Callable[[str], None]
) -> dict[str, Any]:
    """The plan as the JSON document that is printed. Opens the exam, but no model.

    Raises as the gate does for bad text, and Broken for an exam that can't be read.
    """
    case = read_case(repository, path, base=base, at=None)
    for line in altered(case):
        say(line)
    say(f"reading exam {case.exam.name}")
    planned, exam, repeating = _to_judge(case)
    recorded = champions_verdict(case)
    comparing = case.standing.comparing(case.release)
    watch = strictest(case.policies)
    back = case.standing.way_back
    environment = case.truth.rules.project.environment(case.release.environment)
    return {
        "release": {
            "path": case.release.path,
            "version": case.release.version,
            "digest": case.release.digest,
            "modelDigest": case.release.model.digest,
        },
        "held": None if back else case.standing.held or frozen(environment, moment()) or None,
        "onRecord": f"{back.state} in delivery {back.delivery[:12]}" if back else None,
        "champion": _champion(case),
        "policies": [_policy(policy, planned, case.release) for policy in case.policies],
        "evaluation": {
            "name": case.exam.name,
            "digest": case.exam.source.digest,
            "rows": int(exam.truth.size),
        },
        "judgements": [_judgement(each, _forecast(case, each, exam, recorded)) for each in planned],
        "warnings": [*_warnings(case, comparing=comparing), *repeating] if planned else [],
        "gateSeconds": _gate_seconds(case, exam, planned) if planned else 0.0,
        "stages": waits(case.release, first=case.standing.champion is None),
        "steps": [{"weight": step.weight, "bakeSeconds": step.bake} for step in case.release.steps],
        "watch": {
            "bakeSeconds": sum(
                step.bake for step in case.release.rollout.steps if isinstance(step, Step | Shadow)
            ),
            "minimumRequests": watch.minimum_requests,
            "deadlineSeconds": watch.deadline,
            "keepWatchingSeconds": watch.keep_watching,
        },
    }


def _to_judge(case: Case) -> tuple[tuple[Planned, ...], Exam, list[str]]:
    """Nothing is judged where the record of a way back admits. Last the warnings of columns that
    look like ids: which of them a graph reads by its inputs' own names isn't known here."""
    planned: tuple[Planned, ...] = ()
    if case.standing.way_back is None:
        comparing = case.standing.comparing(case.release)
        planned = plan_judgements(case.policies, case.release, comparing=comparing, gate=find)
    place = case.exam.source.at("spec", "digest")
    data = fetch_data(artifacts_of(case), case.exam.uri, case.exam.digest, place)
    with open_dataset(data, case.exam.uri) as dataset:
        labels = read_labels(dataset, case.exam, case.release.task)
        stacked = [name for names in case.release.model.inputs.values() for name in names]
        repeating = find_identifiers(dataset, case.exam, stacked) if planned else ()
        exam = Exam(
            truth=labels.truth,
            groups=read_groups(dataset, groupings(planned)),
            task=labels.task,
            classes=labels.classes,
        )
        return planned, exam, [f"{warning(name)}, unless the model reads it" for name in repeating]


def _champion(case: Case) -> dict[str, Any] | None:
    record = case.standing.champion
    if record is None:
        return None
    return {
        "version": record.version,
        "digest": record.manifest_digest,
        "modelDigest": record.model_digest,
        "state": str(record.state),
        "delivery": record.delivery,
        "commit": record.commit,
    }


def _policy(policy: GatePolicy, planned: Sequence[Planned], release: Release) -> dict[str, Any]:
    pack = policy.pack
    return {
        "name": policy.name,
        "path": policy.source.path,
        "commit": policy.commit,
        "digest": policy.source.digest,
        "extends": {"name": pack.name, "digest": pack.digest} if pack else None,
        "rules": [
            {"id": rule.id, "control": rule.control, "title": rule.title, "place": place}
            for rule, place in (
                (rule, place_of(policy, at)) for at, rule in enumerate(policy.rules)
            )
        ],
        "waivers": [
            {
                "gate": waiver.gate,
                "metric": waiver.metric,
                "reason": waiver.reason,
                "approver": waiver.approver,
                "granted": waiver.granted.isoformat(),
                "expires": waiver.expires.isoformat(),
                "applies": not why,
                "why": why or None,
            }
            for waiver, why in prospects(policy, planned, release, today())
        ],
    }


def _forecast(case: Case, planned: Planned, exam: Exam, recorded: Recorded) -> Forecast:
    forecast = _by_labels(case, planned, exam)
    return as_recorded(planned, forecast, recorded) if forecast.by_answers else forecast


def _by_labels(case: Case, planned: Planned, exam: Exam) -> Forecast:
    spec = _spec(case, planned)
    if brings(spec):
        return forecast_brought(spec, exam.truth.size)
    if spec.gate == "load":
        return loaded(spec, planned, comparing=case.standing.comparing(case.release))
    if spec.gate == "data":
        return counted(spec, planned, exam.truth.size)
    if spec.gate == "size":
        return sized(spec, planned)
    if spec.gate == "robustness":
        return perturbed(spec, planned, exam.truth.size)
    seen = as_binary(planned, exam)
    if seen is None:
        return unknown(exam)
    named = [each.key for each in groupings([planned])]
    return grouped(planned, seen, named) if named else overall(planned, seen)


def _judgement(planned: Planned, forecast: Forecast) -> dict[str, Any]:
    return {
        "id": planned.id,
        "policy": planned.policy,
        "gate": planned.gate,
        "metric": planned.metric,
        "required": planned.required,
        "confidence": planned.confidence,
        "limit": {"kind": str(planned.limit.kind), "value": planned.limit.value},
        "n": forecast.n,
        "unit": forecast.unit,
        "detectable": forecast.detectable,
        "assuming": forecast.assuming,
        "warning": forecast.warning or None,
    }


def _spec(case: Case, planned: Planned) -> GateSpec:
    return next(
        spec
        for policy in case.policies
        for spec in policy.gates
        if (policy.name, spec.index) == (planned.policy, planned.gate_index)
    )


def _gates(case: Case, gate: str) -> Sequence[tuple[str, GateSpec]]:
    """The entries of that gate in all policies, each with its name in messages."""
    return [
        (f"{policy.name}/{spec.name}", spec)
        for policy in case.policies
        for spec in policy.gates
        if spec.gate == gate
    ]


def _warnings(case: Case, *, comparing: bool) -> list[str]:
    """What the budgets of the load gates can't or will hardly decide."""
    return [
        f"{name}: {problem}"
        for name, spec in _gates(case, "load")
        if (problem := feasible(spec, comparing=comparing))
    ]


def _gate_seconds(case: Case, exam: Exam, planned: Sequence[Planned]) -> float:
    comparing = case.standing.comparing(case.release)
    models, rows = 2 if comparing else 1, exam.truth.size
    asked = rows + sum(rows_asked(spec, rows) for _, spec in _gates(case, "robustness"))
    seconds = _START_SECONDS + models * asked / _ROWS_PER_SECOND
    seconds += sum(duration(spec) for _, spec in _gates(case, "load"))
    seconds += sum(starting_seconds(spec, comparing=comparing) for _, spec in _gates(case, "size"))
    seconds += sum(resampling_seconds(_spec(case, each), each, rows) for each in planned)
    return round(seconds, 1)
