"""What passes between the agent and a model's keeper in one round."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlci.delivery.engine import Route, Server, ServerState
from mlci.flow.truth import Truth
from mlci.records.traffic import Scrape


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What should run, and how its traffic should flow (None: no traffic)."""

    servers: tuple[Server, ...] = ()
    route: Route | None = None


@dataclass(frozen=True, kw_only=True)
class Now:
    """One round's view.

    ``scrape`` is None where the engine can't be asked; ``seconds`` since the last round;
    ``states`` by manifest digest; ``in_force`` is the model's route as Envoy has it. ``acting``:
    records and Git may be written, steps taken. ``holding``: the kill switch is on, nothing at
    all is done.
    """

    truth: Truth
    scrape: Scrape | None
    seconds: float
    states: Mapping[str, ServerState]
    in_force: Route | None
    acting: bool
    holding: bool
