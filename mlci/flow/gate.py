"""The journey of a gate: case -> standing -> judgements -> verdict, written and recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlci.errors import Undecided
from mlci.flow.case import Case, read_case
from mlci.flow.files import state_of, write_whole
from mlci.flow.judging import Say, measure_and_judge, now, verdict_on
from mlci.flow.standing import recorded_verdicts, verdict_that_stands
from mlci.gitops.records_branch import RecordsBranch, Write
from mlci.gitops.records_snapshot import RecordsSnapshot
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord
from mlci.records.outcome import Outcome
from mlci.records.verdict import Verdict
from mlci.reports.json import dumps, from_json


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
) -> Gated:
    """Judges the release at ``path`` as it stands in the work tree, or at revision ``at``.

    Writes ``out/verdict.json`` (``.mlci/out`` by default) whole or not at all. Raises Undecided
    when the release is HELD.
    """
    out = out or state_of(repository) / "out"
    case = read_case(repository, path, base=base, at=at)
    gated = _without_measuring(case, record=record)
    if gated is None:
        gated = Gated(verdict=measure_and_judge(case, out=out, at=at, say=say))
        if record:
            gated = _record(case, gated)
    if gated.standing:
        say(gated.standing)
    write_whole(out / "verdict.json", dumps(gated.verdict).encode())
    say(f"wrote {out / 'verdict.json'}")
    return gated


def _without_measuring(case: Case, *, record: bool) -> Gated | None:
    """A way back is admitted on its record; what is HELD raises; a recorded verdict stands."""
    if case.standing.way_back is not None:
        verdict = _on_record(case, case.standing.way_back)
        return Gated(verdict=verdict, standing=verdict.reason)
    if case.standing.held:
        raise Undecided(
            place=case.release.source.at("spec", "model", "digest"),
            found=f"HELD: {case.standing.held}",
            expected="a model that may be delivered here",
        )
    return _standing(case, case.truth.records) if record else None


def _standing(case: Case, records: RecordsSnapshot) -> Gated | None:
    history = records.deliveries(case.release.environment, case.release.name)
    stands = verdict_that_stands(records, case.release.digest, case.key, history)
    if stands is None:
        return None
    return Gated(
        verdict=from_json(stands.data, f"mlci/records:{stands.id}"),
        standing=f"verdict {stands.id} stands: same policies, exam and champion",
    )


def _on_record(case: Case, record: DeliveryRecord) -> Verdict:
    """A way back is admitted on its record: nothing is measured again."""
    verdict = verdict_on(case, Outcome.PASS, True, (), now())
    return replace(verdict, reason=f"admitted on its record: delivery {record.delivery[:12]}")


def _record(case: Case, gated: Gated) -> Gated:
    """Records the verdict; where another run was first, its PASS or FAIL is the one that stands."""
    digest = case.release.digest
    content = dumps(gated.verdict).encode()

    def write(records: RecordsSnapshot) -> Sequence[Write] | None:
        """Numbered after those of the same context, so that the first one stays the first."""
        if _standing(case, records) is not None:
            return None
        number = len(recorded_verdicts(records, digest, case.key)) + 1
        hexadecimal = digest.removeprefix("sha256:")
        name = f"{case.key[:16]}-{number:04}.json"
        return [Write(path=f"verdicts/{hexadecimal[:2]}/{hexadecimal}/{name}", content=content)]

    release = case.release
    records = RecordsBranch(case.repository).append(
        write,
        f"Verdict {gated.verdict.outcome} on "
        f"{release.name}/{release.environment}@{release.version}",
    )
    stands = _standing(case, records)
    first = stands is None or dumps(stands.verdict).encode() == content
    return gated if first or stands is None else stands
