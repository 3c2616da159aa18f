"""What every delivery engine can do: keep servers, split traffic between them, count."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from mlci.records.rollout import Header
from mlci.records.traffic import Scrape


@dataclass(frozen=True, kw_only=True)
class Server:
    """What to run. Its identity is the manifest's digest, ``sha256:<64 hex>``.

    ``model_file`` is the verified file whose digest is ``model_digest``; an engine keeps its own
    copy, so that what was verified is what runs after a restart.
    """

    model: str
    version: str
    manifest_digest: str
    model_digest: str
    model_file: Path

    @property
    def identity(self) -> str:
        return self.manifest_digest


class Role(StrEnum):
    STABLE = "stable"
    CANARY = "canary"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """``weight`` percent of a model's traffic goes to the server ``identity``."""

    identity: str
    role: Role
    weight: int


@dataclass(frozen=True, kw_only=True)
class Route:
    """A model's traffic. Requests with one of the headers of ``testers`` go to the canary; of the
    others a ``shadow`` share (0..1) is copied to it, and nobody waits for these answers.

    ValueError unless the weights add up to 100 (or to 0, where only testers reach it) and arms
    differ, and where there is no canary for testers or copies.
    """

    model: str
    arms: tuple[Arm, ...]
    testers: tuple[Header, ...] = ()
    shadow: float = 0.0

    def __post_init__(self) -> None:
        weights = [arm.weight for arm in self.arms]
        alone = self.testers and len(weights) == 1
        if min(weights) < 0 or (sum(weights) != 100 and not (alone and weights == [0])):
            raise ValueError(f"weights of {self.model} are {weights}; expected a sum of 100")
        if len({arm.identity for arm in self.arms}) != len(self.arms):
            raise ValueError(f"an arm of {self.model} is named twice")
        if (self.testers or self.shadow) and self.canary is None:
            raise ValueError(f"{self.model} has no canary for testers or copies")
        if not 0.0 <= self.shadow <= 1.0:
            raise ValueError(f"{self.shadow:g} of {self.model}'s requests; expected a share 0..1")

    @property
    def canary(self) -> str | None:
        """The identity of the arm that testers and copies go to."""
        return next((arm.identity for arm in self.arms if arm.role is Role.CANARY), None)


class Phase(StrEnum):
    STARTING = "STARTING"
    READY = "READY"
    FAILED = "FAILED"


@dataclass(frozen=True, kw_only=True)
class ServerState:
    """READY once its process has answered, until that process ends.

    FAILED: it was started again and again in vain; ``reason`` is the end of the server's own log.
    """

    phase: Phase
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that the engine keeps, whoever asked for it; how it does, ``ensure`` says."""

    identity: str
    model: str
    version: str
    port: int


class Engine(Protocol):
    """Errors: Broken for what doesn't come up or can't be reached, Conflict for another agent."""

    def start(self) -> None:
        """Supervisor and proxy are up; what already runs is adopted. May be called again."""
        ...

    def mend(self) -> None:
        """What has died of supervisor and proxy is started again; without loss, where it can be.

        May take as long as a start: to be called beside the looks at the counters.
        """
        ...

    def ensure(self, server: Server) -> ServerState:
        """The server is kept alive from now on; its state now. The only word on its state there is.

        Never waits for readiness. To be called by one thread, which is also the one that mends.
        """
        ...

    def running(self) -> tuple[Running, ...]:
        """All servers that are kept, as their folders say."""
        ...

    def route(self, routes: tuple[Route, ...]) -> None:
        """The desired traffic of all models of the environment; returns when it is in force."""
        ...

    def routes(self) -> tuple[Route, ...]:
        """The traffic asked for last, by whichever agent."""
        ...

    def drain_and_stop(self, identity: str) -> None:
        """Ends a server that no route names, after its active requests, and forgets it.

        May wait in a thread of its own; a server that is routed again meanwhile stays. It must not
        be ensured again before this returns.
        """
        ...

    def scrape(self) -> Scrape:
        """The counts of all kept servers."""
        ...

    def release(self) -> None:
        """Leaves everything running, for another agent to take over."""
        ...

    def stop(self) -> None:
        """Everything ends in order: listeners drain, then proxy, servers, supervisor."""
        ...
