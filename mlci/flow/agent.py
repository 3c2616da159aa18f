"""The long-lived hand: reads the protected ref, drives delivery and watch, has Git put right.

One loop. Each round looks at the counters first and lets every model's keeper say what should run;
then the engine is brought there. Servers and Envoy belong to the supervisor and outlive this
process; only SIGTERM and SIGINT end them, in order and drained.
"""

import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mlci.delivery.engine import Phase, Route, Running, ServerState
from mlci.delivery.local.engine import LocalEngine
from mlci.errors import BadInput, Broken, MlciError
from mlci.flow.delivering import Delivering
from mlci.flow.evidence import Evidence
from mlci.flow.explain import Explain
from mlci.flow.files import state_of
from mlci.flow.gating import GateRun
from mlci.flow.keeper import Keeper
from mlci.flow.progress import Journal
from mlci.flow.reading import Reader
from mlci.flow.scribe import Scribe
from mlci.flow.served import Shelf
from mlci.flow.status import models
from mlci.flow.truth import Truth
from mlci.flow.view import Now, Wanted
from mlci.gitops.repository import Repository
from mlci.records.project import Environment
from mlci.records.traffic import Scrape

Say = Callable[[str], None]


def run_agent(
    repository: Repository,
    environment: str,
    *,
    base: str | None,
    state: Path | None,
    poll: float,
    interval: float,
    metrics_port: int | None,
    once: bool,
    say: Say,
) -> int:
    """Runs until SIGTERM or SIGINT, or for one round. ``poll`` and ``interval`` in seconds.

    Raises Conflict when another agent looks after the environment here, BadInput when the project
    doesn't know it, Broken when its port is taken or Git can't be read.
    """
    reader = Reader(repository=repository, base=base)
    reader.refresh().result()
    if reader.truth is None:
        raise Broken(
            place=repository.place,
            found=reader.problem,
            expected="a protected ref and records that can be read",
            next_step="put that right, then start the agent again",
        )
    state = state.absolute() if state else state_of(repository)
    engine = _engine(reader.truth, environment, state)
    agent = Agent(
        repository=repository,
        environment=environment,
        folder=state / environment,
        reader=reader,
        engine=engine,
        say=say,
        explain=Explain(f"agent of {environment}", say),
    )
    engine.start()
    agent.in_force = {route.model: route for route in engine.routes()}
    if once:
        agent.round(0.0)
        agent.finish()
        return 0
    return agent.run(poll=poll, interval=interval)


def _engine(truth: Truth, environment: str, state: Path) -> LocalEngine:
    port = _declared(truth, environment).port
    if port is None:
        raise BadInput(
            place=truth.rules.project.source.at("spec", "environments"),
            found=f"environment {environment!r} has no local engine",
            expected="engine: {local: {port: …}}",
            next_step="the embedded agent delivers only there",
        )
    bounds = {bound for policy in truth.rules.policies for bound in policy.watch.latency}
    return LocalEngine(
        environment=environment,
        port=port,
        state_dir=state,
        latency_bounds=tuple(sorted(bounds)),
    )


def _declared(truth: Truth, environment: str) -> Environment:
    declared = truth.rules.project.environment(environment)
    if declared is None:
        known = ", ".join(each.name for each in truth.rules.project.environments)
        raise BadInput(
            place=truth.rules.project.source.at("spec", "environments"),
            found=f"no environment {environment!r}",
            expected=f"one of {known}",
            next_step="name one of them with --environment",
        )
    return declared


@dataclass
class Agent:
    """One environment on one machine."""

    repository: Repository
    environment: str
    folder: Path
    reader: Reader
    engine: LocalEngine
    say: Say
    explain: Explain
    keepers: dict[str, Keeper] = field(default_factory=dict)
    in_force: dict[str, Route] = field(default_factory=dict)
    _aside: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(4, thread_name_prefix="mlci-aside")
    )
    _draining: dict[str, "Future[None]"] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)

    def run(self, *, poll: float, interval: float) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._ended.set())
        last = read_at = time.monotonic()
        while not self._ended.is_set():
            started = time.monotonic()
            if started - read_at >= poll:
                self.reader.refresh()
                read_at = started
            self.round(started - last)
            last = started
            self._ended.wait(max(0.0, interval - (time.monotonic() - started)))
        self.say(f"agent of {self.environment}: draining, then stopping everything")
        self.finish()
        self.engine.stop()
        return 0

    def round(self, seconds: float) -> None:
        """One look and what follows from it. An error of one round is said, never the end."""
        truth = self.reader.truth
        if truth is None:
            return
        try:
            self.explain(
                f"HELD, nothing changes: {self.reader.problem}" * bool(self.reader.problem)
            )
            scrape = self._scrape()
            running = self.engine.running()
            states = {each.identity: each.state for each in running}
            wanted = {
                model: self._keeper(model).round(self._now(truth, scrape, states, seconds, model))
                for model in models(self.repository, truth, self.environment)
            }
            if not _declared(truth, self.environment).hold:
                self._bring_about(wanted, running)
        except MlciError as error:
            self.explain(str(error))

    def finish(self) -> None:
        """Ends what this process does itself; servers and traffic stay as they are."""
        for keeper in self.keepers.values():
            keeper.gate.stop()
        self.reader.close()
        self._aside.shutdown(wait=True)

    def _now(
        self,
        truth: Truth,
        scrape: Scrape | None,
        states: dict[str, ServerState],
        seconds: float,
        model: str,
    ) -> Now:
        holding = _declared(truth, self.environment).hold
        return Now(
            truth=truth,
            scrape=scrape,
            seconds=seconds,
            states=states,
            in_force=self.in_force.get(model),
            acting=not holding and not self.reader.problem,
            holding=holding,
        )

    def _scrape(self) -> Scrape | None:
        """None when the engine can't be asked: a hole in the evidence, never a pass."""
        try:
            return self.engine.scrape()
        except MlciError as error:
            self.explain(f"no counters: {error}")
            return None

    def _bring_about(self, wanted: Mapping[str, Wanted | None], running: Sequence[Running]) -> None:
        """Servers up, then traffic, then what nobody wants any more goes.

        Where nothing is known of a model yet (None), what it has stays.
        """
        known = {model: each for model, each in wanted.items() if each is not None}
        states = {
            wish.identity: self.engine.ensure(wish)
            for each in known.values()
            for wish in each.servers
        }
        target = self.in_force.copy()
        for model, each in known.items():
            if each.route is None:
                target.pop(model, None)
            elif all(states[arm.identity].phase is Phase.READY for arm in each.route.arms):
                target[model] = each.route
        if target != self.in_force:
            self.engine.route(tuple(target[model] for model in sorted(target)))
            self.in_force = target
        routed = {arm.identity for route in target.values() for arm in route.arms}
        for server in running:
            if server.model in known and server.identity not in states.keys() | routed:
                self._drain(server.identity)

    def _drain(self, identity: str) -> None:
        ended = self._draining.get(identity)
        if ended is None:
            self._draining[identity] = self._aside.submit(self.engine.drain_and_stop, identity)
        elif ended.done():
            del self._draining[identity]
            if ended.exception() is not None:
                self.say(f"agent of {self.environment}: {ended.exception()}")

    def _keeper(self, model: str) -> Keeper:
        if model not in self.keepers:
            self.keepers[model] = self._new_keeper(model)
        return self.keepers[model]

    def _new_keeper(self, model: str) -> Keeper:
        folder = self.folder / "models" / model
        by = f"mlci agent on {socket.gethostname()}"
        explain = Explain(f"{model}/{self.environment}", self.say)
        return Keeper(
            repository=self.repository,
            environment=self.environment,
            model=model,
            gate=GateRun(
                repository=self.repository.root or self.repository.git_dir,
                folder=folder / "gate",
            ),
            delivering=Delivering(
                shelf=Shelf(
                    repository=self.repository,
                    store=self.folder / "store",
                    beside=self._aside.submit,
                    explain=explain,
                ),
                journal=Journal(folder / "progress.json"),
                evidence=Evidence(),
                scribe=Scribe(self.repository, self.reader.act, explain),
                explain=explain,
                by=by,
            ),
            by=by,
        )
