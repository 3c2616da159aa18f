"""One shard of one gate's measurement, written as a part for ``mlci judge``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlci.errors import BadInput, Broken
from mlci.flow.bench import set_up
from mlci.flow.case import Case, read_case
from mlci.flow.files import clear, state_of, whole
from mlci.flow.gate import refuse
from mlci.flow.judging import versions
from mlci.flow.measuring import Entry, Measured, Say, entries, here, planned_for
from mlci.flow.parts import SHARD, VERSIONS, identity, selector
from mlci.gates.parts.file import Part, write_part
from mlci.gates.registry import halves
from mlci.gitops.repository import Repository
from mlci.records.shard import Shard


@dataclass(frozen=True, kw_only=True)
class MadePart:
    """Where the part is; ``failed`` says why it holds no measurement, or is empty."""

    path: Path
    entry: str
    shard: Shard
    failed: str

    @property
    def exit_code(self) -> int:
        return Broken.exit_code if self.failed else 0

    def to_json(self) -> dict[str, Any]:
        return {
            "part": str(self.path),
            "gate": self.entry,
            "shard": str(self.shard),
            "bytes": self.path.stat().st_size,
            "failed": self.failed or None,
        }


def measure_part(
    repository: Repository,
    path: str,
    *,
    gate: str,
    policy: str | None,
    shard: Shard,
    base: str | None,
    at: str | None,
    out: Path | None,
    say: Say,
) -> MadePart:
    """Measures one shard of the entry that ``gate`` names, and writes it whole or not at all.

    What fails is written as well, so that judging says why. Raises BadInput where ``gate`` names no
    entry, or several, or one that can't be cut so; Undecided where the release is HELD or the exam
    worn out; and as ``read_case`` and ``set_up`` do.
    """
    case = read_case(repository, path, base=base, at=at)
    refuse(case)
    entry = _chosen(case, gate, policy)
    _check_cut(entry, shard)
    file = out or state_of(repository) / "parts" / _name(entry, shard)
    clear(file)
    say(f"gate {entry.name}: shard {shard}")
    bench = set_up(case, entry.planned, say, shard)
    measured = here(bench, file.parent)(entry)
    about = {**identity(case, entry), SHARD: str(shard), VERSIONS: versions([entry.spec])}
    failed = _write(file, about, measured)
    return MadePart(
        path=file, entry=f"{entry.policy.name}/{selector(entry)}", shard=shard, failed=failed
    )


def _write(file: Path, about: dict[str, Any], measured: Measured) -> str:
    with whole(file) as stream:
        try:
            write_part(
                stream,
                Part(about=about, measurement=measured.measurement, failed=measured.failed),
            )
        except ValueError as error:
            failed = f"a measurement that can't be kept: {error}"
            stream.seek(0)
            stream.truncate()
            write_part(stream, Part(about=about, measurement=None, failed=failed))
            return failed
    return measured.failed


def _chosen(case: Case, gate: str, policy: str | None) -> Entry:
    every = entries(case, planned_for(case))
    found = [
        entry
        for entry in every
        if gate in (entry.spec.name, selector(entry)) and policy in (None, entry.policy.name)
    ]
    if len(found) == 1:
        return found[0]
    raise BadInput(
        place=f"--gate {gate}" + (f" --policy {policy}" if policy else ""),
        found=f"{len(found)} gates of that name" if found else "no gate of that name",
        expected=f"one of: {_listed(found or every)}",
        next_step="name one gate entry",
    )


def _listed(found: Sequence[Entry]) -> str:
    return "; ".join(
        dict.fromkeys(f"--policy {each.policy.name} --gate {selector(each)}" for each in found)
    )


def _check_cut(entry: Entry, shard: Shard) -> None:
    half = halves(entry.spec.gate)
    if half is None or (half.by is None and not shard.whole):
        raise BadInput(
            place=f"--shard {shard}",
            found=f"the gate {entry.name}, whose measurement can't be shared out",
            expected="--shard 1/1" if half else "a gate that is measured by `mlci gate` alone",
            next_step="measure it on one machine",
        )


def _name(entry: Entry, shard: Shard) -> str:
    return f"{entry.policy.name}-{entry.spec.index}-{shard.number}-of-{shard.of}.npz"
