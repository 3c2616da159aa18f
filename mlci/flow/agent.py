"""The long-lived hand: reads the protected ref, drives delivery and watch, has Git put right.

Here its parts are put together; ``rounds`` holds its loop. Servers and Envoy belong to the
supervisor and outlive this process; only SIGTERM and SIGINT end them, in order and drained.
"""

import signal
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mlci.delivery.local.engine import LocalEngine
from mlci.errors import BadInput
from mlci.flow.bringing import Bringing
from mlci.flow.delivering import Delivering
from mlci.flow.evidence import Evidence
from mlci.flow.explain import Explain
from mlci.flow.exposing import Exposing
from mlci.flow.files import state_of
from mlci.flow.gating import GateRun
from mlci.flow.keeper import Keeper
from mlci.flow.progress import Journal
from mlci.flow.reading import Reader
from mlci.flow.rounds import Agent
from mlci.flow.scribe import Scribe
from mlci.flow.served import Shelf
from mlci.flow.truth import Truth
from mlci.gitops.repository import Repository

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
    """Runs until SIGTERM or SIGINT, or once. ``poll`` and ``interval`` in seconds.

    Raises Conflict when another agent looks after the environment here, BadInput when the project
    doesn't know it, Broken when a port is taken, and what is wrong where Git can't be read.
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    state = state.absolute() if state else state_of(repository)
    memory = state / environment / "reading.json"
    reader = Reader(repository=repository, base=base, poll=poll, memory=memory)
    reader.refresh().result()
    engine = _engine(reader.newest(), environment, state)
    exposing = Exposing()
    if metrics_port is not None:
        bound = exposing.start(metrics_port)
        say(f"agent of {environment}: metrics on http://127.0.0.1:{bound}/metrics")
    engine.start()
    aside = ThreadPoolExecutor(4, thread_name_prefix="mlci-aside")
    explain = Explain(f"agent of {environment}", say)
    bringing = Bringing(engine=engine, aside=aside, explain=explain)
    bringing.adopt()
    making = Making(
        repository=repository,
        base=base,
        environment=environment,
        folder=state / environment,
        reader=reader,
        aside=aside,
        say=say,
    )
    agent = Agent(
        repository=repository,
        environment=environment,
        reader=reader,
        engine=engine,
        bringing=bringing,
        exposing=exposing,
        aside=aside,
        keeper=making.keeper,
        explain=explain,
        ended=ended,
    )
    return agent.run_once(interval) if once else agent.run(interval)


def _engine(truth: Truth, environment: str, state: Path) -> LocalEngine:
    declared = truth.rules.project.environment(environment)
    if declared is None:
        known = ", ".join(each.name for each in truth.rules.project.environments)
        raise BadInput(
            place=truth.rules.project.source.at("spec", "environments"),
            found=f"no environment {environment!r}",
            expected=f"one of {known}",
            next_step="name one of them with --environment",
        )
    if declared.port is None:
        raise BadInput(
            place=truth.rules.project.source.at("spec", "environments"),
            found=f"environment {environment!r} has no local engine",
            expected="engine: {local: {port: …}}",
            next_step="the embedded agent delivers only there",
        )
    bounds = {bound for policy in truth.rules.policies for bound in policy.watch.latency}
    return LocalEngine(
        environment=environment,
        port=declared.port,
        state_dir=state,
        latency_bounds=tuple(sorted(bounds)),
    )


@dataclass(frozen=True, kw_only=True)
class Making:
    """What all keepers of one agent share."""

    repository: Repository
    base: str | None
    environment: str
    folder: Path
    reader: Reader
    aside: ThreadPoolExecutor
    say: Say

    def keeper(self, model: str) -> Keeper:
        folder = self.folder / "models" / model
        by = f"mlci agent on {socket.gethostname()}"
        explain = Explain(f"{model}/{self.environment}", self.say)
        return Keeper(
            repository=self.repository,
            base=self.base,
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
                    beside=self.aside.submit,
                    tip=lambda: self.reader.newest().rules,
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
