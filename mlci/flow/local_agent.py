"""The agent of one machine: its parts, put together; ``rounds`` holds its loop.

Servers and Envoy belong to the supervisor and outlive this process; only SIGTERM and SIGINT end
them, in order and drained.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mlci.delivery.local.engine import LocalEngine
from mlci.flow.bringing import Bringing
from mlci.flow.delivering import Delivering
from mlci.flow.evidence import Evidence
from mlci.flow.explain import Explain
from mlci.flow.exposing import Exposing
from mlci.flow.holdings import Holdings
from mlci.flow.keeping import keeper_of, who
from mlci.flow.progress import Journal
from mlci.flow.reading import Reader
from mlci.flow.rounds import Agent, Kept
from mlci.flow.scribe import Scribe
from mlci.flow.served import Shelf
from mlci.flow.truth import Truth
from mlci.gitops.repository import Repository
from mlci.records.project import Environment

Say = Callable[[str], None]


def local_agent(
    repository: Repository,
    environment: Environment,
    port: int,
    *,
    base: str | None,
    state: Path,
    reader: Reader,
    exposing: Exposing,
    ended: threading.Event,
    say: Say,
) -> Agent:
    """The engine is up when this returns. Raises Conflict when another agent looks after the
    environment here, Broken when ``port`` is taken."""
    engine = _engine(reader.newest(), environment.name, port, state)
    engine.start()
    aside = ThreadPoolExecutor(4, thread_name_prefix="mlci-aside")
    explain = Explain(f"agent of {environment.name}", say)
    bringing = Bringing(engine=engine, aside=aside, explain=explain)
    bringing.adopt()
    holdings = Holdings(repository=repository, environment=environment.name)
    making = Making(
        holdings=holdings,
        repository=repository,
        base=base,
        folder=state / environment.name,
        reader=reader,
        aside=aside,
        say=say,
    )
    return Agent(
        repository=repository,
        environment=environment.name,
        reader=reader,
        engine=engine,
        bringing=bringing,
        exposing=exposing,
        aside=aside,
        keep=making.kept,
        models=holdings.models,
        explain=explain,
        ended=ended,
    )


def _engine(truth: Truth, environment: str, port: int, state: Path) -> LocalEngine:
    bounds = {bound for policy in truth.rules.policies for bound in policy.watch.latency}
    return LocalEngine(
        environment=environment,
        port=port,
        state_dir=state,
        latency_bounds=tuple(sorted(bounds)),
    )


@dataclass(frozen=True, kw_only=True)
class Making:
    """What all keepers of one agent share."""

    holdings: Holdings
    repository: Repository
    base: str | None
    folder: Path
    reader: Reader
    aside: ThreadPoolExecutor
    say: Say

    def kept(self, model: str) -> Kept:
        folder = self.folder / "models" / model
        explain = Explain(f"{model}/{self.holdings.environment}", self.say)
        hand = Delivering(
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
            by=who(),
        )
        keeper = keeper_of(
            model,
            hand,
            holdings=self.holdings,
            base=self.base,
            folder=folder,
        )
        return Kept(keeper=keeper, hand=hand)
