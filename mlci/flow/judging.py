"""Measurements -> judgements -> verdict. Whatever goes wrong inside a gate becomes ERROR."""

import importlib.metadata
import platform
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from mlci import __version__
from mlci.errors import MlciError
from mlci.flow.case import Case
from mlci.flow.data_first import blocking, skipped
from mlci.flow.measuring import Entry, Say, Source, crashed, entries
from mlci.gates.registry import find, goes_first
from mlci.plugins.used import used
from mlci.policy.rules import planned as rules_of
from mlci.policy.rules import rule_on
from mlci.policy.waivers import waive
from mlci.records.judgement import Judgement, Planned
from mlci.records.outcome import Outcome
from mlci.records.policy import GateSpec
from mlci.records.release import Release
from mlci.records.verdict import PolicyId, ReleaseId, Verdict
from mlci.reports.json import to_json
from mlci.verdict import fold


def judge(
    case: Case,
    planned: Sequence[Planned],
    source: Source,
    *,
    started: str,
    out: Path,
    say: Say,
) -> Verdict:
    """The second half of a gate: all of what ``source`` gives, one entry after the other. Raises as
    ``source`` does, and nothing for what goes wrong inside a gate."""
    judgements = _judge_all(case, planned, source, started, out, say)
    return _folded(case, planned, judgements, started, say)


def _judge_all(
    case: Case, planned: Sequence[Planned], source: Source, started: str, out: Path, say: Say
) -> list[Judgement]:
    """The gates that go first; the others only where those hold."""
    every = entries(case, planned)
    first = [each for each in every if goes_first(each.spec.gate)]
    others = [each for each in every if not goes_first(each.spec.gate)]
    judgements = [found for each in first for found in _judge_one(each, source, out, say)]
    because = blocking(waive(judgements, case.policies, case.release, _day(started)))
    if because is not None:
        say(f"{because.planned.id} is {because.outcome}: nothing else is measured")
        return judgements + [found for each in others for found in skipped(each.planned, because)]
    return judgements + [found for each in others for found in _judge_one(each, source, out, say)]


def _day(started: str) -> date:
    return datetime.fromisoformat(started).date()


def _folded(
    case: Case, planned: Sequence[Planned], judgements: Sequence[Judgement], started: str, say: Say
) -> Verdict:
    """The gates' verdict with its waivers, then with what the rules make of it."""
    words = {policy.name: policy.on_inconclusive for policy in case.policies}
    judged = waive(judgements, case.policies, case.release, _day(started))
    gates = fold(planned, judged, words)
    verdict = verdict_on(case, gates.outcome, gates.admits, gates.judgements, started)
    if rules := rules_of(case.policies):
        say(f"{len(rules)} rule{'s' * (len(rules) > 1)}")
    rulings = rule_on(case.policies, case.release, to_json(verdict))
    whole = fold(planned, judged, words, rules, rulings)
    return replace(
        verdict,
        outcome=whole.outcome,
        admits=whole.admits,
        reason=whole.reason,
        rulings=rulings,
        finished=now(),
    )


def _judge_one(entry: Entry, source: Source, out: Path, say: Say) -> tuple[Judgement, ...]:
    """One entry's judgements; whatever goes wrong inside it becomes ERROR, never silence."""
    number = len(entry.planned)
    say(f"gate {entry.name}: {number} judgement{'s' * (number > 1)}")
    measured = source(entry)
    reason = measured.failed or ("" if measured.measurement is not None else "nothing was measured")
    if not reason:
        try:
            judge = find(entry.spec.gate).judge
            return judge(entry.spec, entry.planned, measured.measurement)
        except MlciError as error:
            reason = str(error)
        except Exception as error:  # a gate's crash is an ERROR of its judgements
            reason = crashed(entry, error, out)
    return tuple(
        Judgement(planned=each, outcome=Outcome.ERROR, reason=reason) for each in entry.planned
    )


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
                on_inconclusive=policy.on_inconclusive,
                pack=policy.pack.name if policy.pack else "",
                pack_digest=policy.pack.digest if policy.pack else "",
            )
            for policy in case.policies
        ),
        evaluation=(case.exam.name, case.exam.source.digest),
        exam_data=case.exam.digest,
        exam_runs=case.exam_runs,
        exam_runs_permitted=case.exam_runs_permitted,
        judgements=judgements,
        started=started,
        finished=now(),
        versions=versions(spec for policy in case.policies for spec in policy.gates),
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


def versions(specs: Iterable[GateSpec]) -> dict[str, str]:
    """Of what measures and judges, packages that bring a metric or a gate included."""
    libraries = ("numpy", "scipy", "onnxruntime", "pyarrow", "locust")
    return {
        "mlci": __version__,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in libraries},
        **used(specs),
    }
