"""What a gate is: it plans its judgements, measures once, and judges without looking again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mlci.records.evaluation_set import EvaluationSet
from mlci.records.examination import Examination
from mlci.records.judgement import Judgement, Planned
from mlci.records.policy import GatePolicy, GateSpec
from mlci.records.release import Release
from mlci.records.shard import ALL, Shard


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A release and the verified file of its model."""

    release: Release
    model: Path


@dataclass(frozen=True, kw_only=True)
class FormerExam:
    """The exam that the champion sat; ``data`` is None where its data are the candidate's own."""

    exam: EvaluationSet
    data: Path | None


@dataclass(frozen=True, kw_only=True)
class Bench:
    """All that a gate may use to measure.

    ``champion`` is None where nothing is compared: a first release, or the same model digest.
    ``anchors`` are releases that policies name by version beside the champion, those of them that
    were delivered.
    ``examination`` gives both models' answers, computed once for all gates. ``data`` is the
    verified evaluation file. ``say`` reports progress. ``training`` fetches the file that the
    release's lineage names (None: it names none), ``former`` the champion's exam; both raise Broken
    where it can't be had. Only the ``shard``'s rows, or repetitions, are measured: the examination
    holds these rows alone, and raises NoRows where there are none.
    """

    candidate: Contender
    champion: Contender | None
    anchors: Mapping[str, Contender] = field(default_factory=dict)
    exam: EvaluationSet
    data: Path
    examination: Callable[[], Examination]
    say: Callable[[str], None]
    training: Callable[[], Path] | None = None
    former: Callable[[], FormerExam] | None = None
    shard: Shard = ALL


class Gate(Protocol):
    """A module in ``mlci.gates``, listed in ``mlci.gates.registry``.

    One that says ``GOES_FIRST = True`` is measured before all others, which are SKIPPED where a
    required judgement of it fails. With ``HALVES`` its measurement may be made in shards, sent as
    a file, and kept for the next run.
    """

    ID: str

    def plan(self, spec: GateSpec, policy: GatePolicy, *, comparing: bool) -> tuple[Planned, ...]:
        """The judgements that must arrive; champion judgements only when ``comparing``."""
        ...

    def measure(self, spec: GateSpec, planned: tuple[Planned, ...], bench: Bench) -> Any:
        """Sufficient statistics, the gate's own frozen type."""
        ...

    def judge(
        self, spec: GateSpec, planned: tuple[Planned, ...], measurement: Any
    ) -> tuple[Judgement, ...]:
        """Pure: one judgement for each planned one."""
        ...


def anchor_of(spec: GateSpec) -> str | None:
    """The version that the gate names as its anchor beside the champion."""
    champion = spec.parameters.get("champion")
    anchor = champion.get("anchor") if isinstance(champion, Mapping) else None
    return None if anchor is None else str(anchor["version"])
