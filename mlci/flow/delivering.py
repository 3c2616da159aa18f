"""One model's delivery on the engine: steps, promotion, the watch after it, and the way back.

Invariants: an intent is journalled before its act; traffic moves before the record says so; the
record is written before Git is put right (which the keeper's next rounds do).
"""

from dataclasses import dataclass, replace

from mlci.delivery.engine import Phase, Route, Server
from mlci.flow.advance import Move, advance
from mlci.flow.evidence import Evidence
from mlci.flow.explain import Explain
from mlci.flow.progress import Intent, Journal, Progress
from mlci.flow.recording import next_state
from mlci.flow.routes import only, split
from mlci.flow.scribe import Scribe
from mlci.flow.served import Served, Shelf
from mlci.flow.view import Now, Wanted
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.outcome import Health


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
    explain: Explain
    by: str
    wanted: Wanted | None = None

    def serve(self, champion: DeliveryRecord | None, now: Now) -> None:
        """The champion alone; without one, what runs goes on."""
        self.evidence.forget()
        served = self.shelf.find(champion) if champion is not None else None
        if served is not None:
            self.wanted = Wanted(servers=(served.server,), route=only(served.server))
        elif champion is None and now.in_force is None:
            self.wanted = Wanted()

    def remove(self, now: Now) -> None:
        self.evidence.forget()
        if now.acting:
            self.explain("removed from Git: drained and stopped")
            self.wanted = Wanted()

    def deliver(self, record: DeliveryRecord, champion: DeliveryRecord | None, now: Now) -> None:
        """One round of a delivery that is under way."""
        canary = self.shelf.find(record)
        stable = self.shelf.find(champion) if champion is not None else None
        if canary is None or (champion is not None and stable is None):
            self._not_at_hand(record, champion, now)
            return
        arms = Arms(canary=canary, stable=stable)
        progress = self.journal.of(record.delivery)
        state = now.states.get(canary.server.identity)
        if progress.intent is Intent.TAKE_BACK:
            self._traffic_back(record, arms, now)
        elif progress.intent is Intent.PROMOTE:
            self._promote(record, arms, now)
        elif state is not None and state.phase is Phase.FAILED:
            self._regress(record, f"its server does not run: {state.reason}", arms, now)
        elif state is None or state.phase is not Phase.READY:
            self._await(record, arms, now)
        else:
            self._step(record, arms, now)

    def _not_at_hand(
        self, record: DeliveryRecord, champion: DeliveryRecord | None, now: Now
    ) -> None:
        """What an earlier agent has begun stays until it can be watched again, or can't be."""
        arms = now.in_force.arms if now.in_force is not None else ()
        begun = any(arm.identity == record.manifest_digest for arm in arms)
        if not begun or self.shelf.failed(record):
            self.serve(champion, now)

    def _await(self, record: DeliveryRecord, arms: Arms, now: Now) -> None:
        """The canary starts; meanwhile traffic is with what served before."""
        route = only(arms.stable.server) if arms.stable else now.in_force
        self.wanted = Wanted(servers=arms.servers, route=route)
        if now.holding:
            return
        progress = self.journal.of(record.delivery)
        progress = self.journal.keep(progress.waited(now.seconds))
        if progress.total >= arms.canary.watch.deadline:
            abort = arms.canary.watch.on_deadline == "abort"
            self._late(record, "its server is not ready", arms, now, abort=abort)

    def _step(self, record: DeliveryRecord, arms: Arms, now: Now) -> None:
        """Both are up: evidence by the scrapes, weights by the steps."""
        progress = self.journal.of(record.delivery)
        release, watch = arms.canary.release, arms.canary.watch
        route = arms.route(release.steps[progress.step].weight)
        self.wanted = Wanted(servers=arms.servers, route=route)
        if now.in_force != route:
            return
        progress = self.evidence.observe(progress, arms.canary, arms.stable, watch, now.scrape)
        seen = self.evidence.assessment
        if now.holding:
            self.journal.keep(progress)
            if seen.health is Health.REGRESSED:
                self.explain(f"hold: true; {record.version} would be taken back: {seen.reason}")
            return
        progress = self.journal.keep(_passed(progress, now.seconds, seen.health))
        move = advance(progress, release, watch, seen.health, incident=seen.incident)
        if move is Move.TAKE_BACK and seen.health is Health.REGRESSED:
            self._regress(record, seen.reason, arms, now)
        elif move in (Move.PAUSE, Move.TAKE_BACK):
            self._late(record, seen.reason, arms, now, abort=move is Move.TAKE_BACK)
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

    def _late(
        self, record: DeliveryRecord, reason: str, arms: Arms, now: Now, *, abort: bool
    ) -> None:
        """A delivery that is undecided at its deadline waits for people, or is taken back."""
        reason = f"undecided at the deadline: {reason}"
        if abort:
            self._regress(record, reason, arms, now)
        elif record.state is not State.PAUSED and now.acting:
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
        progress = self.journal.current()
        begun = progress is not None and progress.intent is Intent.TAKE_BACK
        if (
            progress is None
            or progress.delivery != champion.delivery
            or (progress.kept >= served.watch.keep_watching and not begun)
        ):
            self.explain(f"{served.release.version} serves")
            self.serve(champion, now)
            return
        warm = self.shelf.find(back) if back is not None else None
        if back is not None and warm is None and (begun or not self.shelf.failed(back)):
            return
        arms = Arms(canary=served, stable=warm)
        if begun:
            self._traffic_back(champion, arms, now)
            return
        if progress.intent is Intent.PROMOTE:
            progress = self.journal.keep(replace(progress, intent=Intent.NONE, watching={}))
            self.evidence.forget()
        self._keep_watching(champion, progress, arms, now)

    def _keep_watching(
        self, champion: DeliveryRecord, progress: Progress, arms: Arms, now: Now
    ) -> None:
        served = arms.canary
        self.wanted = Wanted(servers=arms.servers, route=only(served.server))
        if now.in_force != self.wanted.route:
            return
        self.explain(f"{served.release.version} serves, and is watched")
        progress = self.evidence.observe(progress, served, None, served.watch, now.scrape)
        self.journal.keep(progress.observed(now.seconds, promoted=True))
        seen, state = self.evidence.assessment, now.states.get(served.server.identity)
        if seen.health is Health.REGRESSED:
            self._regress(champion, seen.reason, arms, now)
        elif state is not None and state.phase is Phase.FAILED:
            self._regress(champion, f"its server does not run: {state.reason}", arms, now)

    def _regress(self, record: DeliveryRecord, reason: str, arms: Arms, now: Now) -> None:
        """The intent, then traffic; the record follows once the traffic is back."""
        if now.holding:
            return
        self.explain(f"{record.version} REGRESSED: {reason}")
        progress = self.journal.of(record.delivery)
        self.journal.keep(replace(progress, intent=Intent.TAKE_BACK, reason=reason))
        self._traffic_back(record, arms, now)

    def _traffic_back(self, record: DeliveryRecord, arms: Arms, now: Now) -> None:
        """To stable; without one, a first release keeps its traffic unless the policy says stop."""
        if now.holding:
            return
        served, back = arms.canary, arms.stable
        if back is not None:
            self.wanted = Wanted(servers=(back.server,), route=only(back.server))
        elif served.watch.first_release_regressed == "stop":
            self.wanted = Wanted()
        else:
            self.wanted = Wanted(servers=(served.server,), route=now.in_force)
        if now.in_force == self.wanted.route and now.acting:
            self._append(record, State.REGRESSED, self.journal.of(record.delivery).reason, now)

    def _append(self, record: DeliveryRecord, state: State, reason: str, now: Now) -> None:
        evidence = self.evidence.numbers()
        further = next_state(record, state, reason, by=self.by, evidence=evidence)
        seen = now.truth.records.deliveries(record.environment, record.model)
        self.scribe.append(further, seen)


def _passed(progress: Progress, seconds: float, health: Health) -> Progress:
    """A step bakes only while something is seen of it."""
    if health is Health.UNKNOWN:
        return progress.waited(seconds)
    return progress.observed(seconds, promoted=False)
