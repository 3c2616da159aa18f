"""The journey of a gate: case -> standing -> judgements -> verdict, written and recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlci.errors import BadInput, Conflict, Undecided
from mlci.flow.altered import altered
from mlci.flow.bench import set_up
from mlci.flow.cache import recalling
from mlci.flow.case import Case, read_case
from mlci.flow.clock import today
from mlci.flow.files import clear, state_of, write_whole
from mlci.flow.judging import judge, now, verdict_on
from mlci.flow.measuring import Say, Source, entries, here, planned_for
from mlci.flow.parts import Parts
from mlci.flow.report import write_beside
from mlci.flow.standing import recorded_verdicts, verdict_name, verdict_that_stands
from mlci.flow.wear import refuse_worn
from mlci.gitops.records_branch import RecordsBranch, Write
from mlci.gitops.records_snapshot import RecordsSnapshot
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord
from mlci.records.digest import digest_of
from mlci.records.outcome import Outcome
from mlci.records.verdict import Verdict
from mlci.reports.formats import BESIDE
from mlci.reports.html import can_draw
from mlci.reports.json import dumps, to_json


@dataclass(frozen=True, kw_only=True)
class Gated:
    """The verdict; ``standing`` says why it was not measured now, or is empty."""

    verdict: Verdict
    standing: str = ""

    @property
    def exit_code(self) -> int:
        return 0 if self.verdict.admits else self.verdict.outcome.exit_code


def gate(
    repository: Repository,
    path: str,
    *,
    base: str | None,
    at: str | None,
    out: Path | None,
    record: bool,
    say: Say,
    parts: Sequence[Path] | None = None,
    cache: bool = True,
    html: bool = False,
) -> Gated:
    """Judges the release at ``path`` as it stands in the work tree, or at revision ``at``: on what
    it measures here, or on the ``parts`` that were measured elsewhere. Without ``cache``, and where
    it may ``record``, everything is measured anew.

    Writes ``out/verdict.json`` (``.mlci/out`` by default) whole or not at all, and the reports
    beside it, drawn in ``html`` too: those of an earlier run are gone from the beginning, and
    before anything is measured it raises Broken where none can be drawn. Raises Undecided when the
    release is HELD or the exam worn out, Broken where a model, the data or a part can't be had or
    isn't the one named, and as ``read_case`` does.
    """
    out = out or state_of(repository) / "out"
    # Before anything is measured: no minutes are lost, and no old PASS is taken for this run's.
    for name in ("verdict.json", *BESIDE.values()):
        clear(out / name)
    if html:
        can_draw()
    case = read_case(repository, path, base=base, at=at)
    for line in altered(case):
        say(line)
    if record:
        _check_merged(case)
    gated = _without_measuring(case, record=record)
    if gated is None:
        refuse_worn(case.exam, case.policies, case.exam_runs)
        gated = Gated(verdict=_judged(case, parts, out, say, cache=cache and not record))
        if record:
            # What was measured is kept where the records branch can't be written.
            write_whole(out / "verdict.json", dumps(gated.verdict).encode())
            gated = _record(case, gated, say)
    if gated.standing:
        say(gated.standing)
    write_whole(out / "verdict.json", dumps(gated.verdict).encode())
    beside = write_beside(out, to_json(gated.verdict), html=html)
    say(f"wrote {out / 'verdict.json'}, {', '.join(path.name for path in beside)}")
    return gated


def _judged(
    case: Case, parts: Sequence[Path] | None, out: Path, say: Say, *, cache: bool
) -> Verdict:
    started, planned = now(), planned_for(case)
    if parts is not None:
        source: Source = Parts(case, entries(case, planned), parts)
    else:
        bench, folder = set_up(case, planned, say), state_of(case.repository) / "cache"
        source = recalling(case, bench, folder, here(bench, out), say, read=cache)
    return judge(case, planned, source, started=started, out=out, say=say)


def refuse(case: Case) -> None:
    """Raises Undecided where nothing would be judged: the release is HELD, or the exam worn out."""
    _refuse_held(case)
    refuse_worn(case.exam, case.policies, case.exam_runs)


def _refuse_held(case: Case) -> None:
    if case.standing.held:
        raise Undecided(
            place=case.release.source.at("spec", "model", "digest"),
            found=f"HELD: {case.standing.held}",
            expected="a model that may be delivered here",
            next_step=f"see `mlci status --environment {case.release.environment}`",
        )


def _without_measuring(case: Case, *, record: bool) -> Gated | None:
    """A way back is admitted on its record; what is HELD raises; a recorded verdict stands."""
    if case.standing.way_back is not None:
        verdict = _on_record(case, case.standing.way_back)
        return Gated(verdict=verdict, standing=verdict.reason)
    _refuse_held(case)
    return _standing(case, case.truth.records) if record else None


def _standing(case: Case, records: RecordsSnapshot) -> Gated | None:
    history = records.deliveries(case.release.environment, case.release.name)
    stands = verdict_that_stands(records, case.release.digest, case.key, history, today())
    if stands is None:
        return None
    return Gated(
        verdict=stands.verdict,
        standing=f"verdict {stands.id} stands: same policies, exam and champion; "
        f"`mlci approve {case.release.path}` permits another run",
    )


def _on_record(case: Case, record: DeliveryRecord) -> Verdict:
    """A way back is admitted on its record: nothing is measured again."""
    verdict = verdict_on(case, Outcome.PASS, True, (), now())
    reason = f"admitted on its record: {record.state} in delivery {record.delivery[:12]}"
    return replace(verdict, reason=reason)


def _record(case: Case, gated: Gated, say: Say) -> Gated:
    """Records the verdict; where another run was first, its PASS or FAIL is the one that stands."""
    digest = case.release.digest
    content = dumps(gated.verdict).encode()

    def write(records: RecordsSnapshot) -> Sequence[Write] | None:
        """Numbered after those of the same context, so that the first one stays the first."""
        if _standing(case, records) is not None:
            return None
        number = len(recorded_verdicts(records, digest, case.key)) + 1
        digits, name = digest.removeprefix("sha256:"), verdict_name(case.key, number)
        return [Write(path=f"verdicts/{digits[:2]}/{digits}/{name}", content=content)]

    message = f"Verdict {gated.verdict.outcome} on {case.name}"
    records = RecordsBranch(case.repository).append(write, message)
    runs = len(recorded_verdicts(records, digest, case.key))
    stands = _standing(case, records)
    if stands is not None and dumps(stands.verdict).encode() != content:
        return stands
    say(f"recorded as run {runs} under these policies, this exam and this champion")
    return gated


def _check_merged(case: Case) -> None:
    """What is recorded admits, and only what is merged can be admitted. Raises BadInput where the
    protected ref has no rules yet, Conflict where it doesn't hold this manifest."""
    protected = case.truth.protected
    if case.truth.first_change:
        raise BadInput(
            place=f"{protected.ref}:mlci.yaml",
            found="no project file at the protected ref: the change brings its own rules",
            expected="rules at the protected ref; what is recorded admits",
            next_step="gate without --record; merge; then record",
        )
    path = case.release.path
    merged = case.repository.find(protected.commit, path)
    if merged is None or digest_of(case.repository.blob(merged.oid)) != case.release.digest:
        raise Conflict(
            place=path,
            found=f"another manifest than the one at {protected.ref}",
            expected="what is merged: a recorded verdict admits",
            next_step="gate without --record for advice; record after the merge",
        )
