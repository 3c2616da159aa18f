"""The project file: protected ref and environments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlci.records.argo import Argo, read_argo
from mlci.records.source import Source


@dataclass(frozen=True, kw_only=True)
class Freeze:
    """From ``begins`` until ``ends``, which is no part of it; both have a zone."""

    begins: datetime
    ends: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Weekly:
    """The same hours of every week: minutes since Monday 00:00 (0..10079) on the clocks of an IANA
    ``zone``. An end that is not after the beginning is in the week after."""

    begins: int
    ends: int
    zone: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Where releases run. ``hold`` is the kill switch; ``after`` names the one before; in the
    windows of ``freeze`` no delivery starts or goes a step further."""

    name: str
    engine: Mapping[str, Any]
    after: str | None = None
    hold: bool = False
    freeze: tuple[Freeze | Weekly, ...] = ()

    @property
    def port(self) -> int | None:
        """The embedded engine's port, or None where another engine delivers."""
        local = self.engine.get("local")
        return int(local["port"]) if local else None

    @property
    def argo(self) -> Argo | None:
        """What Argo needs to know to deliver, or None where another engine does."""
        return read_argo(self.engine)


@dataclass(frozen=True, kw_only=True)
class Project:
    """``mlci.yaml`` at the protected ref."""

    source: Source
    protected_ref: str
    environments: tuple[Environment, ...]

    def environment(self, name: str) -> Environment | None:
        return next((each for each in self.environments if each.name == name), None)
