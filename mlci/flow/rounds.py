"""The agent's loop: one look at the counters a round, and what follows from it for every model."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from mlci.delivery.engine import Engine
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

_LONGEST_ROUND = 3.0  # in intervals


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

    def run(self, interval: float) -> int:
        last = time.monotonic()
        try:
            while not self.ended.is_set():
                started = time.monotonic()
                self.reader.keep_fresh()
                # What lies longer ago, as after a machine's sleep, was not watched.
                self.round(min(started - last, _LONGEST_ROUND * interval))
                last = started
                self.ended.wait(max(0.0, interval - (time.monotonic() - started)))
            self.explain("draining, then stopping everything")
            self.leave_off()
            self.engine.stop()
        finally:
            self.leave_off()
            self.reader.close()
        return 0

    def run_once(self, interval: float) -> int:
        """Rounds until nothing is under way that a further one would see the end of; what is
        delivered and watched goes on by whoever runs next."""
        self.reader.refresh().result()
        try:
            while not self.ended.is_set():
                before = self.bringing.in_force
                self.reader.keep_fresh()
                self.round(0.0)
                busy = any(keeper.busy for keeper in self.keepers.values()) or self.bringing.busy
                if not busy and self.bringing.in_force is before:
                    break
                self.ended.wait(interval)
        finally:
            self.leave_off()
            self.reader.close()
        return 0

    def round(self, seconds: float) -> None:
        """One look and what follows from it. An error of one round is said, never the end."""
        for keeper in self.keepers.values():
            keeper.settle()
        truth = self.reader.truth
        if truth is None:
            return
        try:
            scrape = self._scrape()
            wanted = {
                model: self._of_model(model, truth, scrape, seconds)
                for model in self._models_of(truth)
            }
            self.bringing.bring_about(wanted, holding=self._holding(truth))
            self._expose(scrape)
            self.explain("", topic="round")
        except (MlciError, OSError) as error:
            self.explain(str(error), topic="round")

    def leave_off(self) -> None:
        """Ends what this process does itself; servers and traffic stay as they are."""
        for keeper in self.keepers.values():
            keeper.gate.stop()
        self.exposing.stop()
        self.bringing.close()
        self.aside.shutdown(wait=True, cancel_futures=True)

    def _of_model(
        self,
        model: str,
        truth: Truth,
        scrape: Scrape | None,
        seconds: float,
    ) -> Wanted | None:
        """One model's round; what goes wrong with it is no matter of the others."""
        holding = self._holding(truth)
        trouble = self._trouble(truth)
        now = Now(
            truth=truth,
            scrape=scrape,
            seconds=seconds,
            states=self.bringing.states,
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
        trouble = self.reader.trouble()
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

    def _expose(self, scrape: Scrape | None) -> None:
        running = self.engine.running()
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
