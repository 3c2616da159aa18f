"""How a release is served by an engine that starts containers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlci.records.defaults import MIN_READY, PORT, STARTUP


@dataclass(frozen=True, kw_only=True)
class Secret:
    """One key of a Secret in the release's namespace."""

    name: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Pods are spread over the values of a node label; ``required``: or not started at all."""

    over: str
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A merge patch of a rendered object; without ``name`` of all objects of that kind."""

    kind: str
    patch: Mapping[str, Any]
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Serving:
    """``image`` is by digest, or None where no container is started.

    ``min_ready`` is how many seconds a server must be ready before it counts, ``startup`` how many
    it may take to load the model. ``resources`` is as Kubernetes has it.
    """

    image: str | None = None
    replicas: int = 1
    port: int = PORT
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: Mapping[str, str | Secret] = field(default_factory=dict)
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    spread: tuple[Spread, ...] = (Spread(over="kubernetes.io/hostname"),)
    min_ready: float = MIN_READY
    startup: float = STARTUP
    patches: tuple[Patch, ...] = ()
