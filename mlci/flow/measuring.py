"""The first half of a gate: an entry of a policy -> what is kept of the models and the data."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mlci.errors import MlciError
from mlci.evaluation.selection import NoRows
from mlci.flow.case import Case
from mlci.flow.files import write_whole
from mlci.gates.protocol import Bench
from mlci.gates.registry import find
from mlci.policy.plan import plan
from mlci.records.judgement import Planned
from mlci.records.policy import GatePolicy, GateSpec

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry of a policy's gates, and the judgements that must come of it: at least one."""

    policy: GatePolicy
    spec: GateSpec
    planned: tuple[Planned, ...]

    @property
    def name(self) -> str:
        return f"{self.policy.name}/{self.spec.name}"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """``measurement`` is None where a shard had nothing to measure, and where it ``failed``."""

    measurement: Any = None
    failed: str = ""


Source = Callable[[Entry], Measured]


def planned_for(case: Case) -> tuple[Planned, ...]:
    """The judgements that must arrive. Raises as ``plan`` does."""
    comparing = case.standing.comparing(case.release)
    return plan(case.policies, case.release, comparing=comparing, gate=find)


def entries(case: Case, planned: Sequence[Planned]) -> tuple[Entry, ...]:
    """In the order of the policies; those of which nothing is judged are left out."""
    return tuple(_entries(case, planned))


def _entries(case: Case, planned: Sequence[Planned]) -> Iterator[Entry]:
    for policy in case.policies:
        for spec in policy.gates:
            own = tuple(
                each
                for each in planned
                if (each.policy, each.gate_index) == (policy.name, spec.index)
            )
            if own:
                yield Entry(policy=policy, spec=spec, planned=own)


def here(bench: Bench, out: Path) -> Source:
    """Measures on this machine, now. A crash is kept in full in ``out``."""
    return partial(_measure, bench=bench, out=out)


def _measure(entry: Entry, bench: Bench, out: Path) -> Measured:
    """Whatever goes wrong inside a gate is said, for an ERROR of its judgements."""
    try:
        found = find(entry.spec.gate).measure(entry.spec, entry.planned, bench)
    except NoRows:
        return Measured()
    except MlciError as error:
        return Measured(failed=str(error))
    except Exception as error:  # whatever a gate does: never silence
        return Measured(failed=crashed(entry, error, out))
    return Measured(measurement=found)


def crashed(entry: Entry, error: Exception, out: Path) -> str:
    """Keeps the traceback in ``out``; says where, or why it could not be kept."""
    log = out / f"crash-{entry.policy.name}-{entry.spec.name}.txt"
    kept = str(log)
    try:
        write_whole(log, traceback.format_exc().encode())
    except MlciError as unkept:
        kept = str(unkept)
    return f"crashed: {type(error).__name__}: {error} (see {kept})"
