"""What an agent may do now in its environment, as Git says it."""

from dataclasses import dataclass

from mlci.flow.explain import Explain
from mlci.flow.reading import Reader
from mlci.flow.truth import Truth


@dataclass(frozen=True, kw_only=True)
class Permission:
    """``holding``: the kill switch is on, nothing at all is done. ``acting``: records and Git may
    be written, steps taken; what runs goes on, and a regression still loses its traffic."""

    acting: bool
    holding: bool


def permission(reader: Reader, truth: Truth, environment: str, explain: Explain) -> Permission:
    declared = truth.rules.project.environment(environment)
    holding = declared is not None and declared.hold
    explain("hold: true, nothing is done but watching" * holding, topic="hold")
    trouble = reader.trouble()
    if not trouble and declared is None:
        trouble = f"{truth.protected.ref} no longer declares the environment"
    explain(f"HELD, nothing changes: {trouble}" * bool(trouble), topic="git")
    return Permission(acting=not holding and not trouble, holding=holding)
