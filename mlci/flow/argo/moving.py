"""What follows from a move: written down, recorded, or asked of Argo."""

import math
from dataclasses import dataclass, replace

from mlci.delivery.argo.acts import abort, advance, promote, retry
from mlci.delivery.argo.cluster import Cluster
from mlci.flow.argo.delivered import Delivered
from mlci.flow.argo.fate import Fate
from mlci.flow.argo.moment import Moment
from mlci.flow.argo.moves import Move
from mlci.flow.argo.notices import Notices
from mlci.flow.argo.view import Watched
from mlci.flow.doing import Doing
from mlci.flow.explain import Explain
from mlci.flow.recording import next_state
from mlci.flow.scribe import Scribe
from mlci.records.answer import Answer
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.live import LiveRollout
from mlci.records.notice import Notice
from mlci.records.outcome import Health
from mlci.watch.judge import Assessment


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A delivery in one round: its record and own words, the notice that admits it, what the
    Rollout says of it, and what was seen of its traffic."""

    record: DeliveryRecord
    own: Delivered
    notice: Notice
    at: Fate
    seen: Assessment
    now: Watched


@dataclass
class Moving:
    """``doing`` is shared with the notices: one act on the model's objects at a time."""

    cluster: Cluster
    notices: Notices
    moment: Moment
    doing: Doing
    scribe: Scribe
    explain: Explain
    by: str

    @property
    def busy(self) -> bool:
        return self.scribe.busy or self.doing.busy

    def make(self, move: Move, turn: Turn) -> None:
        """Nothing, where it can't be done in this round: the next one decides anew."""
        record, live, now = turn.record, turn.now.live, turn.now
        if move is Move.HARM:
            shown = turn.seen.health is Health.REGRESSED
            self.harm(turn.own, turn.notice, turn.seen.reason if shown else turn.at.reason, now)
        if not now.acting:
            return
        match move:
            case Move.HEALTHY:
                certified = turn.notice.outcome is Answer.HEALTHY
                reason = turn.notice.reason if certified else turn.seen.reason
                self.explain(f"{record.version} promoted: {reason}")
                self.append(record, State.HEALTHY, reason, now, turn.seen)
            case Move.PAUSE:
                self.append(record, State.PAUSED, turn.at.reason, now)
            case Move.RESUMED:
                self.append(record, State.ADMITTED, "approved; it goes on", now)
            case Move.RETRY if live is not None:
                self.explain(f"{record.version} is tried again: {turn.at.reason}")
                self.doing.act(lambda: retry(self.cluster, live))
            case Move.GO_ON if live is not None:
                self.doing.act(lambda: self._go_on(turn, live))
            case Move.LATE:
                self._late(turn)
            case Move.ABORTED:
                self._by_a_person(turn)

    def harm(self, own: Delivered, notice: Notice, reason: str, now: Watched) -> None:
        """Written down before anything follows from it: its pods don't start any more."""
        if now.holding:
            would = f"hold: true; {own.release.version} would be taken back: {reason}"
            self.explain(would, topic="harm")
            return
        self.leave(own, replace(notice, outcome=Answer.REGRESSED, reason=reason), now)

    def leave(self, own: Delivered, notice: Notice, now: Watched) -> None:
        """Not while the kill switch is on, nor while the cluster can't be seen."""
        if not now.holding and not now.trouble:
            self.notices.leave(own.template, notice)

    def abort(self, live: LiveRollout) -> None:
        self.doing.act(lambda: abort(self.cluster, live))

    def append(
        self,
        record: DeliveryRecord,
        state: State,
        reason: str,
        now: Watched,
        seen: Assessment | None = None,
    ) -> None:
        found = seen.evidence.items() if seen is not None else ()
        numbers = {name: value for name, value in found if math.isfinite(value)}
        further = next_state(record, state, reason, by=self.by, evidence=numbers)
        history = now.truth.records.deliveries(record.environment, record.model)
        self.scribe.append(further, history)

    def _go_on(self, turn: Turn, live: LiveRollout) -> None:
        """A wait for people is no part of the deadline: it runs anew from here."""
        self.notices.write(turn.own.template, replace(turn.notice, started=self.moment.now()))
        (promote if live.blue_green else advance)(self.cluster, live)

    def _late(self, turn: Turn) -> None:
        """Undecided at its deadline: taken back, or it waits for people; unless nothing can be
        seen, which takes nothing back."""
        reason = f"undecided at the deadline: {turn.seen.reason}"
        if turn.own.watch.on_deadline == "abort" and turn.seen.health is not Health.UNKNOWN:
            self.harm(turn.own, turn.notice, reason, turn.now)
        elif turn.record.state is not State.PAUSED:
            self._pause(turn, reason)

    def _by_a_person(self, turn: Turn) -> None:
        """Somebody aborted it in the cluster: Git is put right only if the policy says so."""
        reason, path = f"aborted in the cluster: {turn.at.reason}", turn.own.release.path
        if turn.own.watch.on_manual_abort == "revert":
            self.harm(turn.own, turn.notice, reason, turn.now)
        else:
            ways = (
                f"`mlci revert {path} --push` takes it back, `mlci approve {path}` tries it again"
            )
            self._pause(turn, f"{reason}; {ways}")

    def _pause(self, turn: Turn, reason: str) -> None:
        self.explain(f"{turn.record.version} PAUSED, {reason}")
        self.append(turn.record, State.PAUSED, reason, turn.now, turn.seen)
