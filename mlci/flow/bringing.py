"""From what every model wants to what the engine does: servers up, traffic, then what may go.

One model's trouble stays its own: whatever fails for it is said, and tried again the next round.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from mlci.delivery.engine import Engine, Phase, Route, Running, Server, ServerState
from mlci.errors import MlciError
from mlci.flow.explain import Explain
from mlci.flow.view import Wanted

_STARTING = ServerState(phase=Phase.STARTING)


@dataclass
class Bringing:
    """``in_force`` is each model's route as the engine was last known to have it."""

    engine: Engine
    aside: ThreadPoolExecutor
    explain: Explain
    in_force: dict[str, Route] = field(default_factory=dict)
    _certain: bool = True
    _starting: bool = False
    _draining: dict[str, "Future[None]"] = field(default_factory=dict)

    def adopt(self) -> None:
        """What the engine does already, by whichever agent."""
        self.in_force = {route.model: route for route in self.engine.routes()}

    @property
    def busy(self) -> bool:
        """Servers start, or are drained."""
        return bool(self._draining) or self._starting

    def bring_about(
        self, wanted: Mapping[str, Wanted | None], running: tuple[Running, ...]
    ) -> None:
        """Where nothing is known of a model yet (None), what it has stays."""
        self._settle()
        known = {model: each for model, each in wanted.items() if each is not None}
        states = {
            wish.identity: self._ensure(wish) for each in known.values() for wish in each.servers
        }
        self._starting = any(state.phase is Phase.STARTING for state in states.values())
        self._route(known, states)
        routed = {arm.identity for route in self.in_force.values() for arm in route.arms}
        for server in running:
            if server.model in known and server.identity not in states.keys() | routed:
                self._drain(server.identity)

    def _ensure(self, server: Server) -> ServerState:
        if server.identity in self._draining:
            # it is wanted again while it goes: it goes first
            return _STARTING
        try:
            state = self.engine.ensure(server)
        except (MlciError, OSError) as error:
            self.explain(str(error), topic=server.identity)
            return _STARTING
        self.explain("", topic=server.identity)
        return state

    def _route(self, known: Mapping[str, Wanted], states: Mapping[str, ServerState]) -> None:
        target = self.in_force.copy()
        for model, each in known.items():
            if each.route is None:
                target.pop(model, None)
            elif all(
                states.get(arm.identity, _STARTING).phase is Phase.READY for arm in each.route.arms
            ):
                target[model] = each.route
        if target == self.in_force and self._certain:
            return
        # Unless this returns, nobody knows which of the two is in force.
        self._certain = False
        self.engine.route(tuple(target[model] for model in sorted(target)))
        self._certain = True
        self.in_force = target

    def _drain(self, identity: str) -> None:
        if identity not in self._draining:
            self._draining[identity] = self.aside.submit(self.engine.drain_and_stop, identity)

    def _settle(self) -> None:
        for identity, ended in [*self._draining.items()]:
            if ended.done():
                del self._draining[identity]
                error = ended.exception()
                if isinstance(error, MlciError | OSError):
                    self.explain(str(error), topic=identity)
                elif error is not None:
                    raise error
