"""What a gate and a delivery would do: champion, policies, what the exam can show, minutes."""

from collections.abc import Callable
from typing import Any

from mlci.evaluation.dataset import open_dataset
from mlci.evaluation.groups import read_groups
from mlci.evaluation.labels import read_labels
from mlci.flow.case import Case, artifacts_of, read_case
from mlci.gates.forecast import Exam, forecast
from mlci.gates.load.feasibility import duration, feasible
from mlci.gates.registry import find
from mlci.gitops.repository import Repository
from mlci.policy.plan import columns
from mlci.policy.plan import plan as plan_judgements
from mlci.policy.watch import strictest
from mlci.records.judgement import Planned

# Reading the exam and running both models over it; measured on some 10^5 rows a second.
_EXAM_SECONDS = 10.0


def plan(
    repository: Repository, path: str, *, base: str | None, say: Callable[[str], None]
) -> dict[str, Any]:
    """The plan as the JSON document that is printed. Opens the exam, but no model.

    Raises as the gate does for bad text, and Broken for an exam that can't be read.
    """
    case = read_case(repository, path, base=base, at=None)
    comparing = case.standing.comparing(case.release)
    planned = plan_judgements(case.policies, case.release, comparing=comparing, gate=find)
    say(f"reading exam {case.exam.name}")
    exam = _read_exam(case, planned)
    watch = strictest(case.policies)
    return {
        "release": {
            "path": case.release.path,
            "version": case.release.version,
            "digest": case.release.digest,
            "modelDigest": case.release.model.digest,
        },
        "held": case.standing.held or None,
        "champion": _champion(case),
        "policies": [
            {
                "name": policy.name,
                "path": policy.source.path,
                "commit": policy.commit,
                "digest": policy.source.digest,
            }
            for policy in case.policies
        ],
        "evaluation": {"name": case.exam.name, "rows": int(exam.truth.size)},
        "judgements": [_forecast(each, exam) for each in planned],
        "warnings": _warnings(case, comparing=comparing),
        "gateSeconds": _gate_seconds(case),
        "steps": [{"weight": step.weight, "bakeSeconds": step.bake} for step in case.release.steps],
        "watch": {
            "bakeSeconds": sum(step.bake for step in case.release.steps),
            "minimumRequests": watch.minimum_requests,
            "deadlineSeconds": watch.deadline,
            "keepWatchingSeconds": watch.keep_watching,
        },
    }


def _read_exam(case: Case, planned: tuple[Planned, ...]) -> Exam:
    data = artifacts_of(case, record=None, at=None).fetch(
        case.exam.uri, case.exam.digest, case.exam.source.at("spec", "digest")
    )
    with open_dataset(data, case.exam.uri) as dataset:
        return Exam(
            truth=read_labels(dataset, case.exam).truth,
            groups=read_groups(dataset, columns(planned)),
        )


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


def _forecast(planned: Planned, exam: Exam) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": planned.id,
        "required": planned.required,
        "confidence": planned.confidence,
        "limit": {"kind": str(planned.limit.kind), "value": planned.limit.value},
    }
    if planned.metric in ("p50", "p95", "p99", "errorRate"):
        return {**row, "n": None, "detectable": None, "assuming": "see the load gate's warning"}
    seen = forecast(planned, exam)
    return {
        **row,
        "n": seen.n,
        "detectable": seen.detectable,
        "assuming": seen.assuming,
        "warning": seen.warning or None,
    }


def _warnings(case: Case, *, comparing: bool) -> list[str]:
    """What the budgets of the load gates can't or will hardly decide."""
    return [
        f"{policy.name}/{spec.name}: {problem}"
        for policy in case.policies
        for spec in policy.gates
        if spec.gate == "load" and (problem := feasible(spec, comparing=comparing))
    ]


def _gate_seconds(case: Case) -> float:
    return _EXAM_SECONDS + sum(
        duration(spec) for policy in case.policies for spec in policy.gates if spec.gate == "load"
    )
