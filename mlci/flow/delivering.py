"""One model's delivery on this machine: its servers, its stages, and the watch after promotion."""

from dataclasses import dataclass, field, replace

from mlci.delivery.engine import Phase
from mlci.flow.arms import Arms
from mlci.flow.course import Course
from mlci.flow.progress import Intent, Progress
from mlci.flow.routes import only
from mlci.flow.served import Served, Shelf
from mlci.flow.smoke import Smoke
from mlci.flow.stepping import Stepping
from mlci.flow.view import Now, Wanted
from mlci.records.delivery import DeliveryRecord
from mlci.records.outcome import Health
from mlci.records.rollout import Strategy


@dataclass(kw_only=True)
class Delivering(Course):
    shelf: Shelf
    smoke: Smoke = field(init=False)

    def __post_init__(self) -> None:
        self.smoke = Smoke(self.shelf)

    @property
    def busy(self) -> bool:
        return self.scribe.busy or self.shelf.busy or self.smoke.busy

    def settle(self) -> None:
        self.scribe.settle()

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
            self.take_back(record, now.does_not_run(arms.canary.server), arms, now)
        elif phase is Phase.READY or promoting:
            Stepping(course=self, smoke=self.smoke).step(record, arms, now, approved=approved)
        elif phase is Phase.STARTING:
            route = only(arms.stable.server) if arms.stable else now.in_force
            self.wanted = Wanted(servers=arms.servers, route=route)
            self._starting(record, arms, now)
        else:
            # Until its state is known, what an earlier agent has begun stays.
            self.wanted = Wanted(servers=arms.servers, route=now.in_force)

    def regress(self, record: DeliveryRecord, back: DeliveryRecord | None, now: Now) -> None:
        """The intent is journalled, by whichever agent here: it is carried out."""
        arms = self._arms(record, back)
        if arms is not None:
            self.traffic_back(record, arms.as_they_run(now), now)

    def steady(
        self, champion: DeliveryRecord | None, back: DeliveryRecord | None, now: Now
    ) -> None:
        """The champion serves; while it is kept watching it is watched against its budgets,
        and the release before it (``back``) stays warm. Without one, what runs goes on."""
        if champion is None:
            self.evidence.forget()
            self.wanted = Wanted() if now.in_force is None else self.wanted
            return
        served, progress = self.shelf.find(champion), self.journal.current()
        if served is None:
            return
        watched = progress is not None and progress.delivery == champion.delivery
        if progress is None or not watched or progress.kept >= _keep_watching(served):
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

    def _starting(self, record: DeliveryRecord, arms: Arms, now: Now) -> None:
        """A model that is not ready within the release's ``progressDeadline`` never will be."""
        progress = self.journal.of(record.delivery)
        stalled = progress.stalled + now.seconds * (not now.holding)
        self.journal.keep(replace(progress, stalled=stalled))
        if stalled >= (deadline := arms.canary.release.rollout.progress_deadline):
            why = f"its server is not ready after {deadline:g} s, its progressDeadline"
            self.take_back(record, why, arms, now)
        else:
            self.wait(record, "its server is not ready", arms, now)

    def _keep_watching(
        self, champion: DeliveryRecord, progress: Progress, arms: Arms, now: Now
    ) -> None:
        served = arms.canary
        self.wanted = Wanted(servers=arms.servers, route=arms.all_canary)
        if now.in_force != self.wanted.route:
            return
        self.explain(f"{served.release.version} serves, and is watched", topic="serving")
        progress = self.look(progress, arms, now, alone=True)
        seen = self.evidence.assessment
        if seen.health is Health.REGRESSED:
            self.take_back(champion, seen.reason, arms, now)
        elif now.phase(served.server) is Phase.FAILED:
            self.take_back(champion, now.does_not_run(served.server), arms, now)
        elif not now.holding and seen.health is not Health.UNKNOWN:
            self.journal.keep(replace(progress, kept=progress.kept + now.seconds))


def _keep_watching(served: Served) -> float:
    """Seconds; after a blue-green switch at least as long as the former release stays warm."""
    rollout = served.release.rollout
    delay = rollout.scale_down_delay if rollout.strategy is Strategy.BLUE_GREEN else 0.0
    return max(served.watch.keep_watching, delay)
