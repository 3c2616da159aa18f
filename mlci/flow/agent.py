"""The long-lived hand: reads the protected ref, drives delivery and watch, has Git put right.

Which engine delivers is the environment's word; each has an agent of its own.
"""

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from mlci.errors import BadInput
from mlci.flow.exposing import Exposing
from mlci.flow.files import state_of
from mlci.flow.local_agent import local_agent
from mlci.flow.reading import Reader
from mlci.flow.truth import Truth
from mlci.gitops.repository import Repository
from mlci.records.project import Environment


class Runs(Protocol):
    def run(self, interval: float) -> int: ...

    def run_once(self, interval: float) -> int: ...


def run_agent(
    repository: Repository,
    environment: str,
    *,
    base: str | None,
    state: Path | None,
    poll: float,
    interval: float,
    metrics_port: int | None,
    host: str,
    once: bool,
    say: Callable[[str], None],
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
    declared = _declared(reader.newest(), environment)
    exposing = Exposing()
    if metrics_port is not None:
        bound = exposing.start(metrics_port, host)
        say(f"agent of {environment}: metrics on http://{host}:{bound}/metrics")
    agent = _agent(repository, declared, base, state, reader, exposing, ended, say)
    return agent.run_once(interval) if once else agent.run(interval)


def _agent(
    repository: Repository,
    environment: Environment,
    base: str | None,
    state: Path,
    reader: Reader,
    exposing: Exposing,
    ended: threading.Event,
    say: Callable[[str], None],
) -> Runs:
    if environment.port is not None:
        return local_agent(
            repository,
            environment,
            environment.port,
            base=base,
            state=state,
            reader=reader,
            exposing=exposing,
            ended=ended,
            say=say,
        )
    from mlci.flow.argo.agent import argo_agent

    return argo_agent(
        repository,
        environment,
        base=base,
        folder=state / environment.name,
        reader=reader,
        exposing=exposing,
        ended=ended,
        say=say,
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
