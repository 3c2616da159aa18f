"""Measurements -> judgements -> verdict. Whatever goes wrong inside a gate becomes ERROR."""

import importlib.metadata
import platform
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from mlci import __version__
from mlci.errors import MlciError
from mlci.evaluation.examine import examine
from mlci.flow.case import Case, artifacts_of
from mlci.flow.files import write_whole
from mlci.gates.protocol import Bench, Contender
from mlci.gates.registry import find
from mlci.policy.plan import columns, plan
from mlci.records.examination import Examination
from mlci.records.judgement import Judgement, Planned
from mlci.records.outcome import Outcome
from mlci.records.policy import GatePolicy, GateSpec
from mlci.records.release import Release
from mlci.records.verdict import PolicyId, ReleaseId, Verdict
from mlci.verdict import fold

Say = Callable[[str], None]


def measure_and_judge(case: Case, *, out: Path, say: Say) -> Verdict:
    """All gates of all policies, one after the other. Raises Broken where a model's or the exam's
    file can't be had."""
    started = now()
    comparing = case.standing.comparing(case.release)
    planned = plan(case.policies, case.release, comparing=comparing, gate=find)
    own = artifacts_of(case)
    candidate = Contender(
        release=case.release,
        model=own.fetch(
            case.release.model.uri,
            case.release.model.digest,
            case.release.source.at("spec", "model", "digest"),
        ),
    )
    champion = None
    if comparing and case.champion is not None:
        model = case.champion.model
        theirs = artifacts_of(case, case.standing.champion)
        champion = Contender(
            release=case.champion,
            model=theirs.fetch(
                model.uri, model.digest, f"champion {case.champion.version} (mlci/records)"
            ),
        )
    data = own.fetch(case.exam.uri, case.exam.digest, case.exam.source.at("spec", "digest"))

    @cache
    def examination() -> Examination:
        say(f"exam {case.exam.name}: predictions of {'both models' if champion else 'the model'}")
        return examine(candidate, champion, case.exam, data, columns=columns(planned))

    bench = Bench(
        candidate=candidate,
        champion=champion,
        exam=case.exam,
        data=data,
        examination=examination,
        say=say,
    )
    judgements = [
        judgement
        for policy in case.policies
        for spec in policy.gates
        for judgement in _judge_one(policy, spec, planned, bench, out, say)
    ]
    outcome, admits, judged = fold(
        planned, judgements, {policy.name: policy.on_inconclusive for policy in case.policies}
    )
    return verdict_on(case, outcome, admits, judged, started)


def _judge_one(
    policy: GatePolicy,
    spec: GateSpec,
    planned: Sequence[Planned],
    bench: Bench,
    out: Path,
    say: Say,
) -> tuple[Judgement, ...]:
    """One gate's judgements; whatever goes wrong inside it becomes ERROR, never silence."""
    own = tuple(
        each for each in planned if (each.policy, each.gate_index) == (policy.name, spec.index)
    )
    if not own:
        return ()
    say(f"gate {policy.name}/{spec.name}: {len(own)} judgement{'s' * (len(own) > 1)}")
    implementation = find(spec.gate)
    try:
        measurement = implementation.measure(spec, own, bench)
        return implementation.judge(spec, own, measurement)
    except MlciError as error:
        reason = str(error)
    except Exception as error:  # a gate's crash is an ERROR of its judgements, kept in full beside
        reason = f"crashed: {type(error).__name__}: {error} (see {_crash(policy, spec, out)})"
    return tuple(Judgement(planned=each, outcome=Outcome.ERROR, reason=reason) for each in own)


def _crash(policy: GatePolicy, spec: GateSpec, out: Path) -> str:
    """Keeps the traceback in ``out``; says where, or why it could not be kept."""
    log = out / f"crash-{policy.name}-{spec.name}.txt"
    try:
        write_whole(log, traceback.format_exc().encode())
    except MlciError as error:
        return str(error)
    return str(log)


def verdict_on(
    case: Case,
    outcome: Outcome,
    admits: bool,
    judgements: tuple[Judgement, ...],
    started: str,
) -> Verdict:
    return Verdict(
        outcome=outcome,
        admits=admits,
        release=release_id(case.release),
        champion=release_id(case.champion) if case.champion else None,
        policies=tuple(
            PolicyId(
                name=policy.name,
                path=policy.source.path,
                commit=policy.commit,
                digest=policy.source.digest,
            )
            for policy in case.policies
        ),
        evaluation=(case.exam.name, case.exam.source.digest),
        judgements=judgements,
        started=started,
        finished=now(),
        versions=_versions(),
    )


def release_id(release: Release) -> ReleaseId:
    return ReleaseId(
        model=release.name,
        environment=release.environment,
        version=release.version,
        path=release.path,
        digest=release.digest,
        model_digest=release.model.digest,
    )


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _versions() -> dict[str, str]:
    libraries = ("numpy", "onnxruntime", "pyarrow", "locust")
    return {
        "mlci": __version__,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in libraries},
    }
