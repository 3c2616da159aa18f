"""A delivery whose canary is ready: from stage to stage, then all traffic, still watched."""

from dataclasses import dataclass, replace

from mlci.delivery.engine import Phase
from mlci.flow.advance import Move, advance, stage_of
from mlci.flow.arms import Arms
from mlci.flow.clock import moment
from mlci.flow.course import Course
from mlci.flow.freeze import frozen
from mlci.flow.progress import Intent, Progress
from mlci.flow.smoke import Smoke
from mlci.flow.stages import Stage, stages
from mlci.flow.view import Now, Wanted
from mlci.gitops import deliveries
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.outcome import Health
from mlci.records.rollout import Strategy


@dataclass(frozen=True, kw_only=True)
class Stepping:
    course: Course
    smoke: Smoke

    def step(self, record: DeliveryRecord, arms: Arms, now: Now, *, approved: bool) -> None:
        """One round. ``approved``: a person said yes to the pause that ``record`` is about."""
        course = self.course
        plan = stages(arms.canary.release.rollout, record.model, first=arms.stable is None)
        progress = self._begun(record, arms, plan, now)
        stage, promoting = stage_of(progress, plan), progress.intent is Intent.PROMOTE
        route = arms.all_canary if promoting else arms.at(stage)
        course.wanted = Wanted(servers=arms.servers, route=route)
        in_force = now.in_force == route
        alone = (promoting and in_force) or stage.alone
        copies = stage.shadow > 0 and not promoting
        progress = course.look(progress, arms, now, alone=alone, copies=copies)
        seen = course.evidence.assessment
        if seen.health is Health.REGRESSED:
            course.take_back(record, "of the copies it got: " * copies + seen.reason, arms, now)
            return
        if not in_force and not promoting:
            course.wait(record, self._waits_for(record, arms, now), arms, now)
        if in_force and not promoting and not progress.step and not stage.waits:
            course.explain(f"{record.version} {stage.says}", topic="step")
        if in_force and not now.holding:
            self._go_on(record, arms, plan, now, approved=approved)

    def _go_on(
        self,
        record: DeliveryRecord,
        arms: Arms,
        plan: tuple[Stage, ...],
        now: Now,
        *,
        approved: bool,
    ) -> None:
        """What the stage asks for is in force, and no harm is seen."""
        course, seen = self.course, self.course.evidence.assessment
        late = approved and not record.step
        progress = course.journal.of(record.delivery)
        stage, promoting = stage_of(progress, plan), progress.intent is Intent.PROMOTE
        smoked: str | None = ""
        if stage.smoke and not promoting:
            smoked = self.smoke.asked(record, now)
        if smoked:
            course.take_back(record, smoked, arms, now)
            return
        freeze = frozen(now.truth.rules.project.environment(record.environment), moment())
        progress = course.journal.keep(
            _passed(progress, now.seconds, seen.health, stage, frozen=bool(freeze))
        )
        move = advance(
            progress,
            plan,
            arms.canary.watch,
            seen.health,
            incident=seen.incident,
            approved=late,
            passed=approved and record.step == progress.step + 1,
            smoked=smoked is not None,
        )
        if approved and 0 < record.step <= progress.step and now.acting:
            self._went_on(record, now)
        if move in (Move.PAUSE, Move.TAKE_BACK):
            course.late(record, seen.reason, arms, now, abort=move is Move.TAKE_BACK)
        elif now.acting and move is Move.WAIT:
            self._wait_for_person(record, progress, stage, now)
        elif now.acting and move is Move.PROMOTE and promoting:
            course.explain(f"{record.version} promoted: {progress.reason}")
            course.append(record, State.HEALTHY, progress.reason, now, progress.evidence)
        elif now.acting and move in (Move.STEP, Move.PROMOTE):
            held = f"{record.version} stays as it is: {freeze}" * bool(freeze)
            course.explain(held, topic="freeze")
            if not freeze and move is Move.STEP:
                self._next(record, progress, plan, arms)
            elif not freeze:
                self._promote(progress, arms, approved=late)

    def _begun(
        self, record: DeliveryRecord, arms: Arms, plan: tuple[Stage, ...], now: Now
    ) -> Progress:
        """A blue-green way back is switched to at once: it ran HEALTHY before."""
        progress = self.course.journal.of(record.delivery)
        if arms.canary.release.rollout.strategy is Strategy.BLUE_GREEN and not progress.step:
            history = now.truth.records.deliveries(record.environment, record.model)
            known = {each.manifest_digest for each in deliveries.ways_back(history)}
            if record.manifest_digest in known:
                return replace(progress, step=len(plan) - 1, stalled=0.0)
        return replace(progress, stalled=0.0)

    def _next(
        self, record: DeliveryRecord, progress: Progress, plan: tuple[Stage, ...], arms: Arms
    ) -> None:
        progress = self.course.journal.keep(progress.next_step())
        stage = stage_of(progress, plan)
        self.course.wanted = Wanted(servers=arms.servers, route=arms.at(stage))
        says = f"waits: {stage.says}" if stage.waits else stage.says
        self.course.explain(f"{record.version} {says}", topic="step")

    def _promote(self, progress: Progress, arms: Arms, *, approved: bool) -> None:
        course = self.course
        reason = "approved while it was paused; " * approved + course.evidence.assessment.reason
        course.journal.keep(progress.begun(Intent.PROMOTE, reason, course.evidence.numbers()))
        course.wanted = Wanted(servers=arms.servers, route=arms.all_canary)

    def _wait_for_person(
        self, record: DeliveryRecord, progress: Progress, stage: Stage, now: Now
    ) -> None:
        number = progress.step + 1
        if record.state is State.PAUSED and record.step == number:
            return
        path = f"releases/{record.model}/{record.environment}.yaml"
        reason = f"step {number}, {stage.says}: `mlci approve {path}` goes on"
        self.course.explain(f"{record.version} PAUSED, {reason}")
        numbers = self.course.evidence.numbers()
        self.course.append(record, State.PAUSED, reason, now, numbers, step=number)

    def _went_on(self, record: DeliveryRecord, now: Now) -> None:
        """After the journal knows it: so the yes to this pause is used up, whoever comes next."""
        reason = f"step {record.step} was approved: it goes on"
        self.course.append(record, State.ADMITTED, reason, now)

    def _waits_for(self, record: DeliveryRecord, arms: Arms, now: Now) -> str:
        waits = "its traffic is not in force"
        if arms.stable is not None and now.phase(arms.stable.server) is not Phase.READY:
            waits = "the server beside it is not ready"
            self.course.explain(f"{record.version} waits: {waits}")
        return waits


def _passed(
    progress: Progress, seconds: float, health: Health, stage: Stage, *, frozen: bool
) -> Progress:
    """A stage bakes only while something is seen of it. While a person is waited for, or a window
    freezes everything, the deadline does not come nearer: nothing is late."""
    waited = progress if stage.waits or frozen else progress.waited(seconds)
    unseen = stage.waits or (stage.seen and health is Health.UNKNOWN)
    return waited if unseen else replace(waited, baked=progress.baked + seconds)
