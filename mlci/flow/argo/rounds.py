"""The agent's loop where Argo delivers: what the cluster says, and what follows for every model."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from mlci.delivery.argo.following import Follower
from mlci.errors import MlciError
from mlci.flow.argo.answers import Table
from mlci.flow.argo.hand import Following
from mlci.flow.argo.moment import Moment
from mlci.flow.argo.shown import model_view
from mlci.flow.argo.view import Watched
from mlci.flow.clock import moment
from mlci.flow.explain import Explain
from mlci.flow.exposing import Exposing
from mlci.flow.freeze import frozen
from mlci.flow.keeper import Keeper
from mlci.flow.permission import permission
from mlci.flow.reading import Reader
from mlci.flow.truth import Truth
from mlci.records.live import Live
from mlci.watch.metrics import exposition


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What looks after one model, and its hand."""

    keeper: Keeper[Watched]
    hand: Following


@dataclass
class ArgoAgent:
    """One environment of one cluster. ``keep`` makes what looks after a model, ``models`` says
    which there are; ``table`` is what Argo is answered."""

    environment: str
    reader: Reader
    follower: Follower
    moment: Moment
    exposing: Exposing
    aside: ThreadPoolExecutor
    keep: Callable[[str], Kept]
    models: Callable[[Truth], tuple[str, ...]]
    explain: Explain
    ended: threading.Event
    kept: dict[str, Kept] = field(default_factory=dict)
    table: Table = field(default_factory=lambda: Table(at=time.monotonic()))

    def run(self, interval: float) -> int:
        """Until it is told to end; a change in the cluster begins a round at once."""
        try:
            while not self.ended.is_set():
                self.reader.keep_fresh()
                self.round()
                self.follower.changed.wait(interval)
                self.follower.changed.clear()
        finally:
            self.leave_off()
        return 0

    def run_once(self, interval: float) -> int:
        """Rounds until nothing is under way that a further one would see the end of; what Argo has
        in hand goes on, and is judged by whoever runs next."""
        self.reader.refresh().result()
        try:
            while not self.ended.is_set():
                self.reader.keep_fresh()
                self.round()
                if not any(each.keeper.busy for each in self.kept.values()):
                    break
                self.ended.wait(interval)
        finally:
            self.leave_off()
        return 0

    def round(self) -> None:
        """What follows for every model. An error of one is said, and no matter of the others."""
        for each in self.kept.values():
            each.keeper.settle()
        self.moment.keep_fresh()
        truth = self.reader.truth
        if truth is None:
            return
        live = self.follower.live()
        self.explain(f"the cluster can't be seen: {live.trouble}" * bool(live.trouble), topic="api")
        for model in self.models(truth):
            self._of_model(model, truth, live)
        self.table = Table(
            at=time.monotonic(),
            answers={
                (model, digest): both
                for model, each in self.kept.items()
                for digest, both in each.hand.answers.items()
            },
            histories={model: each.keeper.history for model, each in self.kept.items()},
        )

        self.exposing.text = exposition(
            model_view(
                model,
                self.environment,
                each.hand.watched,
                live.rollouts.get(model),
                each.hand.looking,
            )
            for model, each in sorted(self.kept.items())
        )

    def leave_off(self) -> None:
        """Ends what this process does itself; the cluster goes on by its own."""
        for each in self.kept.values():
            each.keeper.gate.stop()
        self.exposing.stop()
        self.follower.close()
        self.reader.close()
        self.aside.shutdown(wait=True, cancel_futures=True)

    def _of_model(self, model: str, truth: Truth, live: Live) -> None:
        allowed = permission(self.reader, truth, self.environment, self.explain)
        now = Watched(
            truth=truth,
            acting=allowed.acting,
            holding=allowed.holding,
            live=live.rollouts.get(model),
            runs=live.analyses.get(model, ()),
            trouble=live.trouble or live.unread.get(model, ""),
            frozen=frozen(truth.rules.project.environment(self.environment), moment()),
        )
        try:
            if model not in self.kept:
                self.kept[model] = self.keep(model)
            self.kept[model].keeper.round(now)
        except (MlciError, OSError) as error:
            self.explain(str(error), topic=model)
            return
        self.explain("", topic=model)
