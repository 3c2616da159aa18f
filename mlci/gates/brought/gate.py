"""A gate that a package brings, held to what any gate promises.

What it plans, measures and judges is its own; whom it judges for, at what confidence and whether it
is required is the policy's word. Whatever goes wrong is said with the package's name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlci.errors import MlciError
from mlci.evaluation.selection import NoRows
from mlci.gates.halves import Halves
from mlci.gates.protocol import Bench
from mlci.plugins.brought import BroughtGate
from mlci.records.judgement import Judgement, Planned
from mlci.records.policy import GatePolicy, GateSpec


class CrashedError(Exception):
    """A half of a gate that a package brings ended otherwise than gates do."""


@dataclass(frozen=True, kw_only=True)
class CheckedGate:
    """As the protocol of gates has it; Broken names the distribution."""

    brought: BroughtGate

    @property
    def ID(self) -> str:  # noqa: N802 - as modules say it
        return self.brought.plugin.name

    @property
    def GOES_FIRST(self) -> bool:  # noqa: N802
        return getattr(self.brought.gate, "GOES_FIRST", False) is True

    @property
    def HALVES(self) -> Halves | None:  # noqa: N802
        """None, where it says none: it is measured and judged in one run, and never kept."""
        found = getattr(self.brought.gate, "HALVES", None)
        if found is not None and not isinstance(found, Halves):
            raise self.brought.plugin.broken(
                f"its HALVES are a {type(found).__name__}", "an mlci.gates.halves.Halves, or None"
            )
        return found

    def plan(self, spec: GateSpec, policy: GatePolicy, *, comparing: bool) -> tuple[Planned, ...]:
        try:
            found = self._run(lambda: self.brought.gate.plan(spec, policy, comparing=comparing))
        except CrashedError as crash:
            raise self.brought.plugin.broken(
                f"plan: {crash}", "judgements that are planned"
            ) from crash
        planned = _all_of(found, Planned)
        if planned is None:
            raise self.brought.plugin.broken(
                f"a plan that is a {type(found).__name__}", "a tuple of Planned"
            )
        for each in planned:
            said = (each.policy, each.gate, each.gate_index, each.required, each.confidence)
            asked = (policy.name, spec.name, spec.index, spec.required, spec.confidence)
            if said != asked or not each.id.startswith(f"{policy.name}/{spec.name}/"):
                raise self.brought.plugin.broken(
                    f"judgement {each.id!r} planned as {said}", f"as the policy says: {asked}"
                )
        return planned

    def measure(self, spec: GateSpec, planned: tuple[Planned, ...], bench: Bench) -> Any:
        return self._run(lambda: self.brought.gate.measure(spec, planned, bench))

    def judge(
        self, spec: GateSpec, planned: tuple[Planned, ...], measurement: Any
    ) -> tuple[Judgement, ...]:
        found = self._run(lambda: self.brought.gate.judge(spec, planned, measurement))
        judged = _all_of(found, Judgement)
        if judged is None or any(each.waived is not None for each in judged):
            raise self.brought.plugin.broken(
                f"judgements that are a {type(found).__name__}", "a tuple of Judgement, not waived"
            )
        return judged

    def _run(self, half: Callable[[], Any]) -> Any:
        """What gates may raise passes. All else, and an attempt to leave the process, is a crash
        of the package's."""
        try:
            return half()
        except (MlciError, NoRows):
            raise
        except (Exception, SystemExit) as error:
            raise CrashedError(f"{self.brought.plugin}: {type(error).__name__}: {error}") from error


def _all_of(found: Any, kind: type[Any]) -> tuple[Any, ...] | None:
    if isinstance(found, tuple) and all(isinstance(each, kind) for each in found):
        return found
    return None
