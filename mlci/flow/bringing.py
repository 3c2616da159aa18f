"""From what every model wants to what the engine does: servers up, traffic, then what may go.

One model's trouble stays its own: whatever fails for it is said, and tried again the next round.
Servers are asked for in a thread of their own: a copy of a large model, or a supervisor that does
not answer, never delays a look at the counters, nor traffic that goes back.
"""

from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial

from mlci.delivery.engine import Engine, Phase, Route, Server, ServerState
from mlci.errors import MlciError
from mlci.flow.explain import Explain
from mlci.flow.view import Wanted

# Seconds for an answer to count in the round that asked.
_PROMPT = 0.5


@dataclass
class Answers:
    """What became of one asking: states by identity, and what is wrong (or "") by what it is of."""

    states: dict[str, ServerState] = field(default_factory=dict)
    trouble: dict[str, str] = field(default_factory=dict)


@dataclass
class Bringing:
    """``in_force`` is each model's route as the engine was last known to have it, ``states`` what
    it said last of each server."""

    engine: Engine
    aside: ThreadPoolExecutor
    explain: Explain
    in_force: dict[str, Route] = field(default_factory=dict)
    states: dict[str, ServerState] = field(default_factory=dict)
    _certain: bool = True
    _starting: bool = False
    _asking: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="mlci-servers")
    )
    _asked: "Future[Answers] | None" = None
    _draining: dict[str, "Future[None]"] = field(default_factory=dict)

    def adopt(self) -> None:
        """What the engine does already, by whichever agent."""
        self.in_force = {route.model: route for route in self.engine.routes()}

    @property
    def busy(self) -> bool:
        """Servers start, or are drained."""
        return bool(self._draining or self._asked) or self._starting

    def bring_about(self, wanted: Mapping[str, Wanted | None], *, holding: bool) -> None:
        """Where nothing is known of a model yet (None), what it has stays. ``holding``: what runs
        is kept alive, and nothing else is done."""
        self._settle()
        known = {model: each for model, each in wanted.items() if each is not None}
        servers = {wish.identity: wish for each in known.values() for wish in each.servers}
        kept = self.engine.running()
        if holding:
            own = {each.identity for each in kept}
            self._ask([each for each in servers.values() if each.identity in own])
            return
        self._ask(servers.values())
        phases = [self._phase(identity) for identity in servers]
        self._starting = Phase.STARTING in phases
        self._route(known)
        routed = {arm.identity for route in self.in_force.values() for arm in route.arms}
        for server in kept:
            if server.model in known and server.identity not in servers.keys() | routed:
                self._drain(server.identity)

    def close(self) -> None:
        """Nothing is asked for any more."""
        self._asking.shutdown(wait=True, cancel_futures=True)

    def _phase(self, identity: str) -> Phase:
        state = self.states.get(identity)
        return state.phase if state is not None else Phase.STARTING

    def _ask(self, servers: Collection[Server]) -> None:
        if self._asked is None:
            # One that is wanted again while it goes: it goes first.
            stay = [each for each in servers if each.identity not in self._draining]
            self._asked = self._asking.submit(self._ensure, stay)
        wait([self._asked], timeout=_PROMPT)
        if not self._asked.done():
            return
        answers, self._asked = self._asked.result(), None
        self.states |= answers.states
        for topic, trouble in answers.trouble.items():
            self.explain(trouble, topic=topic)

    def _ensure(self, servers: Collection[Server]) -> Answers:
        answers = Answers()

        def mend() -> None:
            self.engine.mend()

        def ensure(server: Server) -> None:
            answers.states[server.identity] = self.engine.ensure(server)

        acts = {"engine": mend} | {each.identity: partial(ensure, each) for each in servers}
        for topic, act in acts.items():
            try:
                act()
                answers.trouble[topic] = ""
            except (MlciError, OSError) as error:
                answers.trouble[topic] = str(error)
        return answers

    def _route(self, known: Mapping[str, Wanted]) -> None:
        target = self.in_force.copy()
        for model, each in known.items():
            if each.route is None:
                target.pop(model, None)
            elif all(self._phase(arm.identity) is Phase.READY for arm in each.route.arms):
                target[model] = each.route
        if target == self.in_force and self._certain:
            return
        # Unless this returns, nobody knows which of the two is in force.
        self._certain = False
        self.engine.route(tuple(target[model] for model in sorted(target)))
        self._certain = True
        self.in_force = target

    def _drain(self, identity: str) -> None:
        """Not while it may still be asked for, as in the round before."""
        if identity not in self._draining and self._asked is None:
            self.states.pop(identity, None)
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
