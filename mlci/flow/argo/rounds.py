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
from mlci.flow.permission import Permission, permission
from mlci.flow.reading import Reader
from mlci.flow.truth import Truth
from mlci.records.live import Live
from mlci.watch.metrics import exposition

# However fast the cluster changes: several changes are one round's news.
_APART = 0.1  # seconds between the beginnings of two rounds


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
    _truth: Truth | None = None
    _shown: dict[str, tuple[object, ...]] = field(default_factory=dict)

    def run(self, interval: float) -> int:
        """Until it is told to end. A change in the cluster, or an act's end, begins a round at once
        for the models that it is about."""
        due = time.monotonic()
        try:
            while not self.ended.is_set():
                began = time.monotonic()
                whole = began >= due
                due = began + interval if whole else due
                self.reader.keep_fresh()
                self.round(whole=whole)
                self.ended.wait(max(0.0, began + min(_APART, interval) - time.monotonic()))
                self.follower.changed.wait(max(0.0, due - time.monotonic()))
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

    def round(self, *, whole: bool = True) -> None:
        """What follows for every model, or for those with news unless it is a ``whole`` one. An
        error of one is said, and no matter of the others."""
        busy = {model for model, each in self.kept.items() if each.keeper.busy}
        for model in self.kept if whole else busy:
            self.kept[model].keeper.settle()
        self.moment.keep_fresh()
        truth = self.reader.truth
        if truth is None:
            return
        live = self.follower.live()
        self.explain(f"the cluster can't be seen: {live.trouble}" * bool(live.trouble), topic="api")
        allowed = permission(self.reader, truth, self.environment, self.explain)
        freeze = frozen(truth.rules.project.environment(self.environment), moment())
        whole, self._truth = whole or truth is not self._truth, truth
        for model in self.models(truth):
            shown = _shown(model, live)
            if whole or model in busy or self._shown.get(model) != shown:
                self._shown[model] = shown
                self._of_model(model, truth, live, allowed, freeze)
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

    def _of_model(
        self, model: str, truth: Truth, live: Live, allowed: Permission, freeze: str
    ) -> None:
        now = Watched(
            truth=truth,
            acting=allowed.acting,
            holding=allowed.holding,
            live=live.rollouts.get(model),
            runs=live.analyses.get(model, ()),
            trouble=live.trouble or live.unread.get(model, ""),
            frozen=freeze,
        )
        try:
            if model not in self.kept:
                self.kept[model] = self.keep(model)
            self.kept[model].keeper.round(now)
        except (MlciError, OSError) as error:
            self.explain(str(error), topic=model)
            return
        self.explain("", topic=model)


def _shown(model: str, live: Live) -> tuple[object, ...]:
    """All that the cluster says of the model."""
    runs, unread = live.analyses.get(model, ()), live.unread.get(model, "")
    return live.rollouts.get(model), runs, unread, live.trouble
