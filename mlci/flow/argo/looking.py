"""The evidence of one delivery, folded from what Prometheus has of it.

Nothing of it is remembered that can't be folded again: the looks lie on a grid of Prometheus's own
clock, and the same looks give the same evidence to whoever starts anew.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from mlci.errors import MlciError
from mlci.records.outcome import Health
from mlci.records.policy import Watch
from mlci.records.prometheus import Arm, Prometheus
from mlci.records.traffic import Scrape
from mlci.watch.judge import Assessment, assess
from mlci.watch.prometheus.client import Client
from mlci.watch.prometheus.reading import read
from mlci.watch.watching import Watching

_NOT_YET = Assessment(health=Health.UNKNOWN, reason="nothing was looked at yet")


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What is looked at: the canary, what stands beside it, from when on (Prometheus's clock), and
    the watch that binds."""

    delivery: str
    canary: Arm
    stable: Arm | None
    since: float
    watch: Watch


@dataclass(frozen=True, kw_only=True)
class Folded:
    """``looks`` of them are in the evidence; ``shown`` is what was made of the last."""

    watching: Watching
    looks: int = 0
    shown: Assessment = _NOT_YET

    @property
    def harmful(self) -> bool:
        return self.shown.health is Health.REGRESSED

    def further(self, looks: tuple[Scrape | None, ...]) -> "Folded":
        """Look by look, as if each had been judged when it was new: harm that was shown once stays
        shown, whoever looks and whenever."""
        if self.harmful:
            return self
        watching, shown = self.watching, self.shown
        for count, look in enumerate(looks[self.looks :], start=self.looks + 1):
            watching = watching.observe(look)
            shown = assess(watching)
            if shown.health is Health.REGRESSED:
                return Folded(watching=watching, looks=count, shown=shown)
        return Folded(watching=watching, looks=max(self.looks, len(looks)), shown=shown)

    def blind(self, why: str) -> "Folded":
        """Nothing new could be seen."""
        return replace(self, shown=replace(_NOT_YET, reason=f"nothing can be seen: {why}"))


@dataclass
class Looking:
    """``beside`` runs a reading in another thread."""

    client: Client
    source: Prometheus
    beside: Callable[[Callable[[], Folded]], "Future[Folded]"]
    _of: Looked | None = None
    _folded: Folded | None = None
    _reading: "Future[Folded] | None" = None
    _asked_at: float = float("-inf")

    def look(self, of: Looked) -> Assessment:
        """What all looks say as of the last reading; another is asked for when the next look is
        over."""
        if of != self._of or self._folded is None:
            self.forget()
            self._of, self._folded = of, self._begin(of)
        if self._reading is not None and self._reading.done():
            self._folded, self._reading = self._reading.result(), None
        due = time.monotonic() - self._asked_at >= self.source.every
        if self._reading is None and due and not self._folded.harmful:
            self._asked_at = time.monotonic()
            before = self._folded
            self._reading = self.beside(lambda: self._read(of, before))
        return self._folded.shown

    def forget(self) -> None:
        """What is under way is of no use any more."""
        self._of = self._folded = self._reading = None
        self._asked_at = float("-inf")

    @property
    def current(self) -> Assessment | None:
        """What was made of the last look; None while nothing is watched."""
        return self._folded.shown if self._folded is not None else None

    @property
    def watching(self) -> Watching | None:
        """What was counted up to the last look."""
        return self._folded.watching if self._folded is not None else None

    def _begin(self, of: Looked) -> Folded:
        watch = of.watch
        if self.source.buckets is None:
            # A source without a histogram says nothing of latency, good or bad.
            watch = replace(watch, latency=())
        stable = of.stable.hash if of.stable else None
        return Folded(watching=Watching.start(watch, canary=of.canary.hash, stable=stable))

    def _read(self, of: Looked, before: Folded) -> Folded:
        try:
            reading = read(self.client, self.source, of.canary, of.stable, since=of.since)
        except MlciError as error:
            return before.blind(str(error))
        return before.blind(reading.nothing) if reading.nothing else before.further(reading.looks)
