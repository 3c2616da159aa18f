"""What passes between the agent and a model's keeper in one round."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mlci.delivery.engine import Phase, Route, Running, Server, ServerState
from mlci.flow.hand import Round
from mlci.records.traffic import Scrape, copies_for, of_testers
from mlci.watch.judge import Assessment
from mlci.watch.metrics import ArmView, ModelView


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What should run, and how its traffic should flow (None: no traffic)."""

    servers: tuple[Server, ...] = ()
    route: Route | None = None


@dataclass(frozen=True, kw_only=True)
class Now(Round):
    """One round's view on this machine.

    ``scrape`` is None where the engine can't be asked; ``seconds`` since the last round;
    ``states`` by manifest digest, as the engine said them last; ``in_force`` is the model's route
    as Envoy has it.
    """

    scrape: Scrape | None
    seconds: float
    states: Mapping[str, ServerState]
    in_force: Route | None

    def phase(self, server: Server) -> Phase | None:
        """None while nothing is known of it yet."""
        state = self.states.get(server.identity)
        return state.phase if state is not None else None

    def does_not_run(self, server: Server) -> str:
        return f"its server does not run: {self.states[server.identity].reason}"


def model_view(
    *,
    model: str,
    environment: str,
    route: Route | None,
    running: Iterable[Running],
    scrape: Scrape | None,
    assessment: Assessment | None,
) -> ModelView:
    """A model's traffic for ``/metrics``; an arm that could not be counted is left out."""
    versions = {each.identity: each.version for each in running}
    counts = scrape.arms if scrape is not None else {}
    beside = () if route is None or route.canary is None else _beside(route.canary)
    return ModelView(
        model=model,
        environment=environment,
        arms=tuple(
            ArmView(
                arm=arm.role.value,
                version=versions.get(arm.identity, ""),
                weight=arm.weight,
                counts=counts[arm.identity],
            )
            for arm in (route.arms if route is not None else ())
            if arm.identity in counts
        )
        + tuple(
            ArmView(arm=arm, version=versions.get(of, ""), weight=0, counts=counts[key])
            for arm, key, of in beside
            if key in counts and counts[key].started
        ),
        assessment=assessment,
    )


def _beside(canary: str) -> tuple[tuple[str, str, str], ...]:
    """What reaches a canary beside its share of the traffic: (arm, its key in a scrape, server)."""
    return (("testers", of_testers(canary), canary), ("copies", copies_for(canary), canary))
