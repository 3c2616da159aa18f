"""The agent's loop: one look at the counters a round, and what follows from it for every model."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from mlci.delivery.engine import Engine
from mlci.errors import MlciError
from mlci.flow.bringing import Bringing
from mlci.flow.delivering import Delivering
from mlci.flow.explain import Explain
from mlci.flow.exposing import Exposing
from mlci.flow.keeper import Keeper
from mlci.flow.permission import Permission, permission
from mlci.flow.reading import Reader
from mlci.flow.truth import Truth
from mlci.flow.view import Now, Wanted, model_view
from mlci.gitops.repository import Repository
from mlci.records.traffic import Scrape
from mlci.watch.metrics import exposition

_LONGEST_ROUND = 3.0  # in intervals


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What looks after one model, and its hand."""

    keeper: Keeper[Now]
    hand: Delivering


@dataclass
class Agent:
    """One environment on one machine. ``keep`` makes what looks after a model, ``models`` says
    which there are."""

    repository: Repository
    environment: str
    reader: Reader
    engine: Engine
    bringing: Bringing
    exposing: Exposing
    aside: ThreadPoolExecutor
    keep: Callable[[str], Kept]
    models: Callable[[Truth], tuple[str, ...]]
    explain: Explain
    ended: threading.Event
    kept: dict[str, Kept] = field(default_factory=dict)

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
                busy = any(each.keeper.busy for each in self.kept.values()) or self.bringing.busy
                if not busy and self.bringing.in_force is before:
                    break
                self.ended.wait(interval)
        finally:
            self.leave_off()
            self.reader.close()
        return 0

    def round(self, seconds: float) -> None:
        """One look and what follows from it. An error of one round is said, never the end."""
        for each in self.kept.values():
            each.keeper.settle()
        truth = self.reader.truth
        if truth is None:
            return
        try:
            scrape = self._scrape()
            wanted = {
                model: self._of_model(model, truth, scrape, seconds) for model in self.models(truth)
            }
            self.bringing.bring_about(wanted, holding=self._allowed(truth).holding)
            self._expose(scrape)
            self.explain("", topic="round")
        except (MlciError, OSError) as error:
            self.explain(str(error), topic="round")

    def leave_off(self) -> None:
        """Ends what this process does itself; servers and traffic stay as they are."""
        for each in self.kept.values():
            each.keeper.gate.stop()
            each.hand.smoke.stop()
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
        allowed = self._allowed(truth)
        now = Now(
            truth=truth,
            scrape=scrape,
            seconds=seconds,
            states=self.bringing.states,
            in_force=self.bringing.in_force.get(model),
            acting=allowed.acting,
            holding=allowed.holding,
        )
        try:
            if model not in self.kept:
                self.kept[model] = self.keep(model)
            self.kept[model].keeper.round(now)
        except (MlciError, OSError) as error:
            self.explain(str(error), topic=model)
            return None
        self.explain("", topic=model)
        return self.kept[model].hand.wanted

    def _allowed(self, truth: Truth) -> Permission:
        return permission(self.reader, truth, self.environment, self.explain)

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
                assessment=each.hand.evidence.current,
            )
            for model, each in sorted(self.kept.items())
        )
