"""One model's delivery on the engine: steps, promotion, the watch after it, and the way back.

Invariants: an intent is journalled before its act; traffic moves before the record says so; the
record is written before Git is put right (which the keeper's next rounds do).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mlci.delivery.engine import Phase
from mlci.flow.advance import Move, advance
from mlci.flow.arms import Arms
from mlci.flow.evidence import Evidence
from mlci.flow.explain import Explain
from mlci.flow.progress import Intent, Journal, Progress
from mlci.flow.recording import next_state
from mlci.flow.routes import only
from mlci.flow.scribe import Scribe
from mlci.flow.served import Shelf
from mlci.flow.view import Now, Wanted
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.outcome import Health


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

    def remove(self, now: Now) -> None:
        self.evidence.forget()
        if now.acting:
            self.explain("removed from Git: drained and stopped")
            self.wanted = Wanted()

    def deliver(
        self,
        record: DeliveryRecord,
        champion: DeliveryRecord | None,
        now: Now,
        *,
        approved: bool = False,
    ) -> None:
        """One round of a delivery that is under way."""
        arms = self._arms(record, champion)
        if arms is None:
            self._not_at_hand(record, champion, now)
            return
        promoting = self.journal.of(record.delivery).intent is Intent.PROMOTE
        arms = arms.as_they_run(now) if promoting else arms.as_they_run(now).as_compared(now)
        down = f"the server beside {record.version} does not run: it is judged alone"
        self.explain(down * bool(arms.down), topic="beside")
        phase = now.phase(arms.canary.server)
        if phase is Phase.FAILED:
            self._regress(record, now.does_not_run(arms.canary.server), arms, now)
        elif phase is Phase.READY or promoting:
            self._step(record, arms, now, approved=approved)
        elif phase is Phase.STARTING:
            route = only(arms.stable.server) if arms.stable else now.in_force
            self.wanted = Wanted(servers=arms.servers, route=route)
            self._await(record, "its server is not ready", arms, now)
        else:
            # Until its state is known, what an earlier agent has begun stays.
            self.wanted = Wanted(servers=arms.servers, route=now.in_force)

    def regress(self, record: DeliveryRecord, back: DeliveryRecord | None, now: Now) -> None:
        """The intent is journalled, by whichever agent here: it is carried out."""
        arms = self._arms(record, back)
        if arms is not None:
            self._traffic_back(record, arms.as_they_run(now), now)

    def steady(
        self, champion: DeliveryRecord | None, back: DeliveryRecord | None, now: Now
    ) -> None:
        """The champion serves; while ``keepWatching`` lasts it is watched against its budgets,
        and the release before it (``back``) stays warm. Without one, what runs goes on."""
        if champion is None:
            self.evidence.forget()
            self.wanted = Wanted() if now.in_force is None else self.wanted
            return
        served, progress = self.shelf.find(champion), self.journal.current()
        if served is None:
            return
        watched = progress is not None and progress.delivery == champion.delivery
        if progress is None or not watched or progress.kept >= served.watch.keep_watching:
            self.evidence.forget()
            self.explain(f"{served.release.version} serves", topic="serving")
            self.wanted = Wanted(servers=(served.server,), route=only(served.server))
            return
        warm = self.shelf.find(back) if back is not None else None
        if back is None or warm is not None or self.shelf.failed(back):
            arms = Arms(canary=served, stable=warm).as_they_run(now)
            self._keep_watching(champion, replace(progress, intent=Intent.NONE), arms, now)

    def _arms(self, record: DeliveryRecord, beside: DeliveryRecord | None) -> Arms | None:
        """None while a model's file isn't at hand."""
        canary = self.shelf.find(record)
        stable = self.shelf.find(beside) if beside is not None else None
        if canary is None or (beside is not None and stable is None):
            return None
        return Arms(canary=canary, stable=stable)

    def _not_at_hand(
        self, record: DeliveryRecord, champion: DeliveryRecord | None, now: Now
    ) -> None:
        """What an earlier agent has begun stays until it can be watched again, or can't be."""
        arms = now.in_force.arms if now.in_force is not None else ()
        begun = any(arm.identity == record.manifest_digest for arm in arms)
        if not begun or self.shelf.failed(record):
            self.steady(champion, None, now)

    def _await(self, record: DeliveryRecord, why: str, arms: Arms, now: Now) -> None:
        """Nothing can be seen of it: nearer to the deadline, not to the next step."""
        if now.holding:
            return
        progress = self.journal.of(record.delivery)
        progress = self.journal.keep(progress.waited(now.seconds))
        if progress.total >= arms.canary.watch.deadline:
            abort = arms.canary.watch.on_deadline == "abort"
            self._late(record, why, arms, now, abort=abort)

    def _step(self, record: DeliveryRecord, arms: Arms, now: Now, *, approved: bool) -> None:
        """Evidence by the scrapes, weights by the steps; then all traffic, still watched."""
        progress = self.journal.of(record.delivery)
        release, watch = arms.canary.release, arms.canary.watch
        promoting = progress.intent is Intent.PROMOTE
        route = arms.all_canary if promoting else arms.split(release.steps[progress.step].weight)
        self.wanted = Wanted(servers=arms.servers, route=route)
        in_force = now.in_force == route
        progress = self._look(progress, arms, now, alone=promoting and in_force)
        seen = self.evidence.assessment
        if seen.health is Health.REGRESSED:
            self._regress(record, seen.reason, arms, now)
            return
        if not in_force and not promoting:
            self._await(record, self._waits_for(record, arms, now), arms, now)
        if not in_force or now.holding:
            return
        progress = self.journal.keep(_passed(progress, now.seconds, seen.health))
        move = advance(
            progress, release, watch, seen.health, incident=seen.incident, approved=approved
        )
        if move in (Move.PAUSE, Move.TAKE_BACK):
            self._late(record, seen.reason, arms, now, abort=move is Move.TAKE_BACK)
        elif not now.acting:
            return
        elif move is Move.STEP:
            progress = self.journal.keep(progress.next_step())
            weight = release.steps[progress.step].weight
            self.wanted = Wanted(servers=arms.servers, route=arms.split(weight))
            self.explain(f"{record.version} at {weight} %")
        elif move is Move.PROMOTE and promoting:
            self.explain(f"{record.version} promoted: {progress.reason}")
            self._append(record, State.HEALTHY, progress.reason, progress.evidence, now)
        elif move is Move.PROMOTE:
            numbers = self.evidence.numbers()
            reason = "approved while it was paused; " * approved + seen.reason
            self.journal.keep(progress.begun(Intent.PROMOTE, reason, numbers))
            self.wanted = Wanted(servers=arms.servers, route=arms.all_canary)

    def _look(self, progress: Progress, arms: Arms, now: Now, *, alone: bool) -> Progress:
        """One more look, ``alone`` by the budgets, else beside what is stable."""
        beside = None if alone else arms.stable
        in_force = now.in_force is not None and now.in_force == (self.wanted or Wanted()).route
        watch = arms.canary.watch
        return self.journal.keep(
            self.evidence.observe(
                progress, arms.canary, beside, watch, now.scrape, in_force=in_force
            )
        )

    def _waits_for(self, record: DeliveryRecord, arms: Arms, now: Now) -> str:
        waits = "its traffic is not in force"
        if arms.stable is not None and now.phase(arms.stable.server) is not Phase.READY:
            waits = "the server beside it is not ready"
            self.explain(f"{record.version} waits: {waits}")
        return waits

    def _late(
        self, record: DeliveryRecord, reason: str, arms: Arms, now: Now, *, abort: bool
    ) -> None:
        """A delivery that is undecided at its deadline waits for people, or is taken back."""
        reason = f"undecided at the deadline: {reason}"
        if abort:
            self._regress(record, reason, arms, now)
        elif record.state is not State.PAUSED and now.acting:
            self.explain(f"{record.version} PAUSED, {reason}")
            self._append(record, State.PAUSED, reason, self.evidence.numbers(), now)

    def _keep_watching(
        self, champion: DeliveryRecord, progress: Progress, arms: Arms, now: Now
    ) -> None:
        served = arms.canary
        self.wanted = Wanted(servers=arms.servers, route=arms.all_canary)
        if now.in_force != self.wanted.route:
            return
        self.explain(f"{served.release.version} serves, and is watched", topic="serving")
        progress = self._look(progress, arms, now, alone=True)
        seen = self.evidence.assessment
        if seen.health is Health.REGRESSED:
            self._regress(champion, seen.reason, arms, now)
        elif now.phase(served.server) is Phase.FAILED:
            self._regress(champion, now.does_not_run(served.server), arms, now)
        elif not now.holding and seen.health is not Health.UNKNOWN:
            self.journal.keep(replace(progress, kept=progress.kept + now.seconds))

    def _regress(self, record: DeliveryRecord, reason: str, arms: Arms, now: Now) -> None:
        """The intent, then traffic; the record follows once the traffic is back."""
        progress, numbers = self.journal.of(record.delivery), self.evidence.numbers()
        self.journal.keep(progress.begun(Intent.TAKE_BACK, reason, numbers))
        self._traffic_back(record, arms, now)

    def _traffic_back(self, record: DeliveryRecord, arms: Arms, now: Now) -> None:
        """To stable; without one, a first release keeps its traffic unless the policy says stop."""
        begun = self.journal.of(record.delivery)
        if now.holding:
            would = f"hold: true; {record.version} would be taken back: {begun.reason}"
            self.explain(would, topic="harm")
            return
        self.explain(f"{record.version} REGRESSED: {begun.reason}", topic="harm")
        back, stop = arms.stable, arms.canary.watch.first_release_regressed == "stop"
        left = tuple(each for each in arms.servers if each != arms.canary.server)
        if back is not None:
            self.wanted = Wanted(servers=left, route=only(back.server))
        elif stop:
            self.wanted = Wanted(servers=left)
        else:
            self.wanted = Wanted(servers=arms.servers, route=now.in_force)
        if now.in_force == self.wanted.route and now.acting:
            self._append(record, State.REGRESSED, begun.reason, begun.evidence, now)

    def _append(
        self,
        record: DeliveryRecord,
        state: State,
        reason: str,
        evidence: Mapping[str, float],
        now: Now,
    ) -> None:
        further = next_state(record, state, reason, by=self.by, evidence=evidence)
        seen = now.truth.records.deliveries(record.environment, record.model)
        self.scribe.append(further, seen)


def _passed(progress: Progress, seconds: float, health: Health) -> Progress:
    """A step bakes only while something is seen of it."""
    return progress.waited(seconds) if health is Health.UNKNOWN else progress.observed(seconds)
