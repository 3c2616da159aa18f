"""The agent's loop: one look at the counters a round, and what follows from it for every model."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from mlci.delivery.engine import Engine, Running, ServerState
from mlci.errors import MlciError
from mlci.flow.bringing import Bringing
from mlci.flow.explain import Explain
from mlci.flow.exposing import Exposing
from mlci.flow.keeper import Keeper
from mlci.flow.reading import Reader
from mlci.flow.status import models
from mlci.flow.truth import Truth
from mlci.flow.view import Now, Wanted, model_view
from mlci.gitops.repository import Repository
from mlci.records.traffic import Scrape
from mlci.watch.metrics import exposition


@dataclass
class Agent:
    """One environment on one machine. ``keeper`` makes the keeper of a model."""

    repository: Repository
    environment: str
    reader: Reader
    engine: Engine
    bringing: Bringing
    exposing: Exposing
    aside: ThreadPoolExecutor
    keeper: Callable[[str], Keeper]
    explain: Explain
    ended: threading.Event
    keepers: dict[str, Keeper] = field(default_factory=dict)
    _models: tuple[Truth, tuple[str, ...]] | None = None

    def run(self, *, poll: float, interval: float) -> int:
        last = read_at = time.monotonic()
        try:
            while not self.ended.is_set():
                started = time.monotonic()
                if started - read_at >= poll:
                    self.reader.refresh()
                    read_at = started
                self.round(started - last)
                last = started
                self.ended.wait(max(0.0, interval - (time.monotonic() - started)))
        finally:
            if self.ended.is_set():
                self.explain("draining, then stopping everything")
            self.finish()
        self.engine.stop()
        return 0

    def run_once(self, interval: float) -> int:
        """Rounds until nothing is under way that a further one would see the end of; what is
        delivered and watched goes on by whoever runs next."""
        try:
            while not self.ended.is_set():
                before = self.bringing.in_force
                self.round(0.0)
                busy = any(keeper.busy for keeper in self.keepers.values()) or self.bringing.busy
                if not busy and self.bringing.in_force is before:
                    break
                self.ended.wait(interval)
        finally:
            self.finish()
        return 0

    def round(self, seconds: float) -> None:
        """One look and what follows from it. An error of one round is said, never the end."""
        for keeper in self.keepers.values():
            keeper.settle()
        truth = self.reader.truth
        if truth is None:
            return
        try:
            scrape, running = self._scrape(), self.engine.running()
            wanted = {
                model: self._of_model(model, truth, scrape, running, seconds)
                for model in self._models_of(truth)
            }
            if not self._holding(truth):
                self.bringing.bring_about(wanted, running)
            self._expose(scrape, running)
            self.explain("", topic="round")
        except (MlciError, OSError) as error:
            self.explain(str(error), topic="round")

    def finish(self) -> None:
        """Ends what this process does itself; servers and traffic stay as they are."""
        for keeper in self.keepers.values():
            keeper.gate.stop()
        self.exposing.stop()
        self.reader.close()
        self.aside.shutdown(wait=True, cancel_futures=True)

    def _of_model(
        self,
        model: str,
        truth: Truth,
        scrape: Scrape | None,
        running: tuple[Running, ...],
        seconds: float,
    ) -> Wanted | None:
        """One model's round; what goes wrong with it is no matter of the others."""
        states: Mapping[str, ServerState] = {each.identity: each.state for each in running}
        holding = self._holding(truth)
        trouble = self._trouble(truth)
        now = Now(
            truth=truth,
            scrape=scrape,
            seconds=seconds,
            states=states,
            in_force=self.bringing.in_force.get(model),
            acting=not holding and not trouble,
            holding=holding,
        )
        try:
            if model not in self.keepers:
                self.keepers[model] = self.keeper(model)
            wanted = self.keepers[model].round(now)
        except (MlciError, OSError) as error:
            self.explain(str(error), topic=model)
            return None
        self.explain("", topic=model)
        return wanted

    def _holding(self, truth: Truth) -> bool:
        declared = truth.rules.project.environment(self.environment)
        holding = declared is not None and declared.hold
        self.explain("hold: true, nothing is done but watching" * holding, topic="hold")
        return holding

    def _trouble(self, truth: Truth) -> str:
        """Why Git can't be acted on now; what runs goes on, and a regression still loses its
        traffic."""
        trouble = str(self.reader.error or "")
        if not trouble and truth.rules.project.environment(self.environment) is None:
            trouble = f"{truth.protected.ref} no longer declares the environment"
        self.explain(f"HELD, nothing changes: {trouble}" * bool(trouble), topic="git")
        return trouble

    def _models_of(self, truth: Truth) -> tuple[str, ...]:
        if self._models is None or self._models[0] is not truth:
            self._models = (truth, models(self.repository, truth, self.environment))
        return self._models[1]

    def _scrape(self) -> Scrape | None:
        """None when the engine can't be asked: a hole in the evidence, never a pass."""
        try:
            scrape = self.engine.scrape()
        except MlciError as error:
            self.explain(f"no counters: {error}", topic="scrape")
            return None
        self.explain("", topic="scrape")
        return scrape

    def _expose(self, scrape: Scrape | None, running: tuple[Running, ...]) -> None:
        self.exposing.text = exposition(
            model_view(
                model=model,
                environment=self.environment,
                route=self.bringing.in_force.get(model),
                running=running,
                scrape=scrape,
                assessment=keeper.delivering.evidence.current,
            )
            for model, keeper in sorted(self.keepers.items())
        )
