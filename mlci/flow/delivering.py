"""One model's delivery on the engine: steps, promotion, the watch after it, and the way back.

Invariants: an intent is journalled before its act; traffic moves before the record says so; the
record is written before Git is put right (which the keeper's next rounds do).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mlci.delivery.engine import Phase, Route, Server
from mlci.flow.advance import Move, advance
from mlci.flow.evidence import Evidence
from mlci.flow.progress import Intent, Journal
from mlci.flow.recording import next_state
from mlci.flow.routes import only, split
from mlci.flow.scribe import Scribe
from mlci.flow.served import Served, Shelf
from mlci.flow.truth import Truth
from mlci.flow.view import Now, Wanted
from mlci.policy.plan import applicable
from mlci.policy.watch import strictest
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.outcome import Health
from mlci.records.policy import Watch


@dataclass(frozen=True, kw_only=True)
class Arms:
    """Both sides of a delivery; ``stable`` is None for a first release."""

    canary: Served
    stable: Served | None

    @property
    def servers(self) -> tuple[Server, ...]:
        return (self.canary.server, *((self.stable.server,) if self.stable else ()))

    def route(self, weight: int) -> Route:
        if self.stable is None:
            return only(self.canary.server)
        return split(self.stable.server, self.canary.server, weight)


@dataclass
class Delivering:
    """``wanted`` is what should run now; None until something is known."""

    shelf: Shelf
    journal: Journal
    evidence: Evidence
    scribe: Scribe
    explain: Callable[[str], None]
    by: str
    wanted: Wanted | None = None

    def serve(self, champion: DeliveryRecord | None) -> None:
        """The champion alone; without one, what runs goes on."""
        served = self.shelf.find(champion) if champion is not None else None
        if served is not None:
            self.wanted = Wanted(servers=(served.server,), route=only(served.server))

    def remove(self, now: Now) -> None:
        if now.acting:
            self.explain("removed from Git: drained and stopped")
            self.wanted = Wanted()

    def deliver(self, record: DeliveryRecord, champion: DeliveryRecord | None, now: Now) -> None:
        """One round of a delivery that is under way."""
        canary = self.shelf.find(record)
        stable = self.shelf.find(champion) if champion is not None else None
        if canary is None or (champion is not None and stable is None):
            self.serve(champion)
            return
        arms = Arms(canary=canary, stable=stable)
        progress = self.journal.of(record.delivery)
        state = now.states.get(canary.server.identity)
        if progress.intent is Intent.TAKE_BACK:
            self._traffic_back(record, stable, now)
        elif progress.intent is Intent.PROMOTE:
            self._promote(record, arms, now)
        elif state is not None and state.phase is Phase.FAILED:
            self._regress(record, f"its server does not run: {state.reason}", stable, now)
        elif state is None or state.phase is not Phase.READY:
            self.wanted = Wanted(
                servers=arms.servers, route=only(stable.server) if stable else now.in_force
            )
        else:
            self._step(record, arms, now)

    def _step(self, record: DeliveryRecord, arms: Arms, now: Now) -> None:
        """Both are up: evidence by the scrapes, weights by the steps."""
        progress = self.journal.of(record.delivery)
        release, watch = arms.canary.release, self._watch(arms.canary, now.truth)
        route = arms.route(release.steps[progress.step].weight)
        self.wanted = Wanted(servers=arms.servers, route=route)
        if now.in_force != route:
            return
        progress = self.evidence.observe(progress, arms.canary, arms.stable, watch, now.scrape)
        if now.holding:
            self.journal.keep(progress)
            return
        progress = self.journal.keep(progress.observed(now.seconds, promoted=False))
        seen = self.evidence.assessment
        move = advance(progress, release, watch, seen.health)
        if move is Move.TAKE_BACK:
            self._regress(record, seen.reason, arms.stable, now)
        elif not now.acting:
            return
        elif move is Move.STEP:
            progress = self.journal.keep(progress.next_step())
            weight = release.steps[progress.step].weight
            self.wanted = Wanted(servers=arms.servers, route=arms.route(weight))
            self.explain(f"{record.version} at {weight} %")
        elif move is Move.PROMOTE:
            self.journal.keep(replace(progress, intent=Intent.PROMOTE, reason=seen.reason))
            self._promote(record, arms, now)
        elif move is Move.PAUSE and record.state is not State.PAUSED:
            reason = f"undecided at the deadline: {seen.reason}"
            self.explain(f"{record.version} PAUSED, {reason}")
            self._append(record, State.PAUSED, reason, now)

    def _promote(self, record: DeliveryRecord, arms: Arms, now: Now) -> None:
        """All traffic first, then the record; what was stable stays warm."""
        self.wanted = Wanted(servers=arms.servers, route=only(arms.canary.server))
        if now.in_force == self.wanted.route and now.acting:
            reason = self.journal.of(record.delivery).reason
            self.explain(f"{record.version} promoted: {reason}")
            self._append(record, State.HEALTHY, reason, now)

    def steady(self, champion: DeliveryRecord, back: DeliveryRecord | None, now: Now) -> None:
        """The champion serves; while ``keepWatching`` lasts it is watched against its budgets,
        and the release before it (``back``) stays warm."""
        served = self.shelf.find(champion)
        if served is None:
            return
        progress, watch = self.journal.current(), self._watch(served, now.truth)
        if (
            progress is None
            or progress.delivery != champion.delivery
            or progress.kept >= watch.keep_watching
        ):
            self.explain(f"{served.release.version} serves")
            self.serve(champion)
            return
        warm = self.shelf.find(back) if back is not None else None
        if progress.intent is Intent.TAKE_BACK:
            self._traffic_back(champion, warm, now)
            return
        if progress.intent is Intent.PROMOTE:
            progress = self.journal.keep(replace(progress, intent=Intent.NONE, watching={}))
            self.evidence.forget()
        servers = (served.server, *((warm.server,) if warm else ()))
        self.wanted = Wanted(servers=servers, route=only(served.server))
        if now.in_force != self.wanted.route:
            return
        self.explain(f"{served.release.version} serves, and is watched")
        progress = self.evidence.observe(progress, served, None, watch, now.scrape)
        self.journal.keep(progress.observed(now.seconds, promoted=True))
        seen = self.evidence.assessment
        if seen.health is Health.REGRESSED and not now.holding:
            self._regress(champion, seen.reason, warm, now)

    def _regress(self, record: DeliveryRecord, reason: str, back: Served | None, now: Now) -> None:
        """The intent, then traffic; the record follows once the traffic is back."""
        if now.holding:
            return
        self.explain(f"{record.version} REGRESSED: {reason}")
        progress = self.journal.of(record.delivery)
        self.journal.keep(replace(progress, intent=Intent.TAKE_BACK, reason=reason))
        self._traffic_back(record, back, now)

    def _traffic_back(self, record: DeliveryRecord, back: Served | None, now: Now) -> None:
        if now.holding:
            return
        served = self.shelf.find(record)
        if back is not None:
            self.wanted = Wanted(servers=(back.server,), route=only(back.server))
        elif served and self._watch(served, now.truth).first_release_regressed == "stop":
            self.wanted = Wanted()
        elif served:
            self.wanted = Wanted(servers=(served.server,), route=now.in_force)
        there = self.wanted.route if self.wanted is not None else None
        if now.in_force == there and now.acting:
            self._append(record, State.REGRESSED, self.journal.of(record.delivery).reason, now)

    def _append(self, record: DeliveryRecord, state: State, reason: str, now: Now) -> None:
        evidence = self.evidence.numbers()
        further = next_state(record, state, reason, by=self.by, evidence=evidence)
        seen = now.truth.records.deliveries(record.environment, record.model)
        self.scribe.append(further, seen)

    def _watch(self, served: Served, truth: Truth) -> Watch:
        return strictest(applicable(truth.rules.policies, served.release))
