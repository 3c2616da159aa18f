"""What a gate is: it plans its judgements, measures once, and judges without looking again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mlci.records.evaluation_set import EvaluationSet
from mlci.records.examination import Examination
from mlci.records.judgement import Judgement, Planned
from mlci.records.policy import GatePolicy, GateSpec
from mlci.records.release import Release


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A release and the verified file of its model."""

    release: Release
    model: Path


@dataclass(frozen=True, kw_only=True)
class Bench:
    """All that a gate may use to measure.

    ``champion`` is None where nothing is compared: a first release, or the same model digest.
    ``examination`` gives both models' answers, computed once for all gates. ``data`` is the
    verified evaluation file. ``say`` reports progress.
    """

    candidate: Contender
    champion: Contender | None
    exam: EvaluationSet
    data: Path
    examination: Callable[[], Examination]
    say: Callable[[str], None]


class Gate(Protocol):
    """A module in ``mlci.gates``, listed in ``mlci.gates.registry``."""

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
