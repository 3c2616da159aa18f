"""One model's deliveries where Argo shifts the traffic: admitted, judged, followed, taken back.

Invariants: an admission is in the cluster before its pods start; harm is written there before it
is acted on, so that whoever starts next goes on with it; REGRESSED is recorded once Argo has taken
the traffic back; Git is put right after that (which the keeper's next rounds do).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mlci.flow.argo.answers import Both, Circumstances, Said, alike, held_all, judged
from mlci.flow.argo.delivered import Delivered
from mlci.flow.argo.fate import Fate, Stage, fate, left, steered, unready
from mlci.flow.argo.looking import Looked, Looking
from mlci.flow.argo.moment import Moment
from mlci.flow.argo.moves import move
from mlci.flow.argo.moving import Moving, Turn
from mlci.flow.argo.notices import Notices
from mlci.flow.argo.targets import arms
from mlci.flow.argo.view import Watched
from mlci.flow.explain import Explain
from mlci.flow.progress import Intent, Progress
from mlci.flow.scribe import Scribe
from mlci.records.answer import Answer
from mlci.records.argo import Argo
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.live import LiveRollout
from mlci.records.notice import Notice
from mlci.records.outcome import Health
from mlci.watch.judge import Assessment

_NOT_IT = (Stage.ABSENT, Stage.EDITED, Stage.INVALID)


@dataclass
class Following:
    """``known`` gives a delivery's own words; ``answers`` is what Argo is told, by manifest, and
    ``beside`` of what Git asks for no more; ``watched`` is the version that is looked at,
    ``history`` all records of the model."""

    argo: Argo
    known: Callable[[DeliveryRecord], Delivered]
    notices: Notices
    looking: Looking
    moment: Moment
    moving: Moving
    explain: Explain
    answers: Mapping[str, Both] = field(default_factory=dict)
    beside: Mapping[str, Both] = field(default_factory=dict)
    watched: str = ""
    history: Sequence[DeliveryRecord] = ()

    @property
    def scribe(self) -> Scribe:
        return self.moving.scribe

    @property
    def busy(self) -> bool:
        return self.moving.busy

    def settle(self) -> None:
        self.moving.scribe.settle()
        self.moving.doing.settle()
        self.notices.keep_fresh()

    def begun(self, history: Sequence[DeliveryRecord]) -> Progress | None:
        """Harm that was written down, and is not recorded yet."""
        self.history = history
        over = {each.delivery for each in history if each.state is State.REGRESSED}
        ours = {each.delivery for each in history} - over
        harm = next((each for each in self.notices.regressed() if each.delivery in ours), None)
        if harm is None:
            return None
        return Progress(delivery=harm.delivery, intent=Intent.TAKE_BACK, reason=harm.reason)

    def remove(self, now: Watched) -> None:
        self.looking.forget()
        self.answers = {}
        self.explain("removed from Git: Argo CD removes it" * now.acting)

    def deliver(
        self,
        record: DeliveryRecord,
        champion: DeliveryRecord | None,
        now: Watched,
        *,
        approved: bool,
    ) -> None:
        """One round of a delivery that is under way."""
        own = self.known(record)
        at = fate(now.live, now.runs, record.manifest_digest, own.template)
        self.explain(at.reason * (at.stage in _NOT_IT), topic="fate")
        notice = self.notices.about(own.template, record.delivery)
        refused = self._refused(champion, own, now)
        if refused or notice is None or not notice.outcome.admits:
            self._admission(record, own, notice, refused, now)
            return
        seen = self._look(record, own, notice, at, now)
        edited = steered(now.live, record.manifest_digest, own.strategy)
        self.explain(edited, topic="strategy")
        around = self._around(own, notice, at, now, edited=edited, approved=approved)
        admitted = Said(answer=Answer.WATCHING, reason=record.reason)
        both = Both(admission=admitted, analysis=judged(seen, around))
        self._say(record, _of_its_rendering(both, at), now)
        certified = notice.outcome is Answer.HEALTHY
        if seen.health is Health.HEALTHY and not certified and not around.held:
            # Left there: once it is stable itself, nothing stands beside it to show it again.
            self.moving.leave(own, replace(notice, outcome=Answer.HEALTHY, reason=seen.reason), now)
        if now.live is not None and self._too_slow(own, notice, at, now.live, now):
            deadline = f"{own.release.rollout.progress_deadline:g} s"
            self.moving.harm(own, notice, f"its preview was not ready within {deadline}", now)
            return
        next_move = move(at, record.state, seen, around, certified=certified)
        turn = Turn(record=record, own=own, notice=notice, at=at, seen=seen, now=now)
        self.moving.make(next_move, turn)

    def regress(self, record: DeliveryRecord, back: DeliveryRecord | None, now: Watched) -> None:
        """Traffic first: Argo aborts by itself at its next question; it is told to all the same."""
        own = self.known(record)
        at = fate(now.live, now.runs, record.manifest_digest, own.template)
        harm = self.notices.about(own.template, record.delivery)
        if harm is None:
            return
        self._say(record, alike(Answer.REGRESSED, harm.reason), now)
        if now.holding:
            return
        to = f", back to {back.version}" if back else ""
        self.explain(f"{record.version} REGRESSED{to}: {harm.reason}", topic="harm")
        if at.stage in (Stage.MOVING, Stage.STOPPED) and now.live is not None:
            self.moving.abort(now.live)
        elif now.acting:
            self.moving.append(record, State.REGRESSED, harm.reason, now)

    def steady(
        self, champion: DeliveryRecord | None, _back: DeliveryRecord | None, now: Watched
    ) -> None:
        """The champion serves; while ``keepWatching`` lasts it is watched against its budgets."""
        if champion is None:
            self.looking.forget()
            self.answers = {}
            return
        own = self.known(champion)
        at = fate(now.live, now.runs, champion.manifest_digest, own.template)
        serves = alike(Answer.HEALTHY, champion.reason)
        self._say(champion, _of_its_rendering(serves, at), now)
        notice = self.notices.about(own.template, champion.delivery)
        moment = self.moment.now()
        if notice is None or not _of_a_champion(notice):
            self.looking.forget()
            self.moving.leave(
                own,
                Notice(
                    outcome=Answer.HEALTHY,
                    reason=champion.reason,
                    delivery=champion.delivery,
                    since=moment,
                ),
                now,
            )
            return
        over = moment is None or moment - (notice.since or moment) >= own.watch.keep_watching
        if over or at.stage is not Stage.PROMOTED:
            if not self.beside:
                self.looking.forget()
            amiss = now.live is None or at.stage in (Stage.EDITED, Stage.INVALID)
            does = f"is {champion.state}: {at.reason}" if amiss else "serves"
            self.explain(f"{own.release.version} {does}", topic="serving")
            return
        self.explain(f"{own.release.version} serves, and is watched", topic="serving")
        seen = self._look(champion, own, notice, at, now)
        if seen.health is Health.REGRESSED:
            self.moving.harm(own, notice, seen.reason, now)

    def _refused(self, champion: DeliveryRecord | None, own: Delivered, now: Watched) -> str:
        """Why its pods may not start although the release is admitted; or empty.

        A first deploy skips every step: where something is HEALTHY, nothing else may come in so.
        """
        first = now.live is None or now.live.first
        if champion is None or not first or self.known(champion).template == own.template:
            return ""
        return (
            f"the cluster has nothing of {champion.version}, which is {champion.state}: as a first "
            f"deploy {own.release.version} would get everything at once"
        )

    def _left(self, asked: DeliveryRecord, now: Watched) -> Mapping[str, Both]:
        """What is said of a delivery that Git asks for no more and the Rollout still does: it goes
        no further, and harm takes its traffic away."""
        same = now.live is None or now.live.digests == (asked.manifest_digest,)
        record = None if same else left(self.history, now.live)
        if record is None:
            return {}
        own = self.known(record)
        at = fate(now.live, now.runs, record.manifest_digest, own.template)
        notice = self.notices.about(own.template, record.delivery)
        if at.stage not in (Stage.MOVING, Stage.STOPPED) or notice is None:
            return {}
        why = f"{record.version} is {record.state}, and still in the cluster: {record.reason}"
        seen = self._look(record, own, notice, at, now)
        held = Said(answer=Answer.HELD, reason=why)
        analysis = judged(seen, Circumstances(held=why))
        return {record.manifest_digest: Both(admission=held, analysis=analysis)}

    def _admission(
        self,
        record: DeliveryRecord,
        own: Delivered,
        notice: Notice | None,
        refused: str,
        now: Watched,
    ) -> None:
        moment = self.moment.now()
        why = refused or now.held or "Prometheus gives no time" * (moment is None)
        self._say(record, alike(Answer.HELD, why or "its admission is being written"), now)
        self.explain(f"HELD: {why}" * bool(why), topic="admission")
        if why and notice is not None and notice.outcome.admits:
            self.moving.leave(own, replace(notice, outcome=Answer.HELD, reason=why), now)
        if why or moment is None:
            return
        self.moving.leave(
            own,
            Notice(
                outcome=Answer.WATCHING,
                reason=record.reason,
                delivery=record.delivery,
                since=moment,
                started=moment,
            ),
            now,
        )

    def _look(
        self, record: DeliveryRecord, own: Delivered, notice: Notice, at: Fate, now: Watched
    ) -> Assessment:
        live = now.live
        watched = at.stage in (Stage.MOVING, Stage.STOPPED, Stage.PROMOTED)
        if live is None or not watched or notice.since is None:
            return Assessment(health=Health.UNKNOWN, reason=at.reason or "nothing of it is there")
        self.watched = own.release.version
        canary, stable = arms(self.argo, own.release, live)
        seen = self.looking.look(
            Looked(
                delivery=record.delivery,
                canary=canary,
                stable=stable,
                since=notice.since,
                watch=own.watch,
            )
        )
        self.explain(seen.reason * (seen.health is Health.UNKNOWN), topic="evidence")
        return seen

    def _too_slow(
        self, own: Delivered, notice: Notice, at: Fate, live: LiveRollout, now: Watched
    ) -> bool:
        moment = self.moment.now()
        if moment is None or notice.started is None or at.stage is not Stage.MOVING:
            return False
        waited = moment - notice.started
        return waited >= own.release.rollout.progress_deadline and unready(live, now.runs)

    def _around(
        self,
        own: Delivered,
        notice: Notice,
        at: Fate,
        now: Watched,
        *,
        edited: str,
        approved: bool,
    ) -> Circumstances:
        moment = self.moment.now()
        late = (
            at.stage in (Stage.MOVING, Stage.PROMOTED)
            and moment is not None
            and notice.started is not None
            and moment - notice.started >= own.watch.deadline
        )
        return Circumstances(held=now.held or edited, late=late, approved=approved)

    def _say(self, record: DeliveryRecord, both: Both, now: Watched) -> None:
        self.beside = self._left(record, now)
        still = "".join(each.admission.reason for each in self.beside.values())
        self.explain(still, topic="left")
        answers = {**self.beside, record.manifest_digest: both}
        held = "hold: true at the protected ref"
        self.answers = held_all(answers, held) if now.holding else answers


def _of_its_rendering(both: Both, at: Fate) -> Both:
    """What was edited in the cluster asks in its manifest's name, and gets nothing by it."""
    return alike(Answer.HELD, at.reason) if at.stage is Stage.EDITED else both


def _of_a_champion(notice: Notice) -> bool:
    """A delivery that is over has no deadline, and its time is that of its promotion."""
    over = notice.outcome is Answer.HEALTHY and notice.started is None
    return over and notice.since is not None
