"""Looks after one model in one environment, one round after the other.

What is done follows from the records, the tip and the journal alone; a round that can't know
decides nothing, and what serves goes on serving.
"""

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from mlci.flow.admission import admit, admit_back, read_tip
from mlci.flow.decide import (
    Act,
    Admission,
    Deliver,
    Gate,
    Record,
    Regress,
    Remove,
    TakeBack,
    Tip,
    Wait,
    decide,
)
from mlci.flow.gating import GateRun
from mlci.flow.hand import Hand, Round
from mlci.flow.holdings import Holdings, Own
from mlci.flow.recording import next_state, record_of
from mlci.flow.take_back import put_right
from mlci.flow.truth import Truth
from mlci.gitops import deliveries
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.release import Release, release_path

Seen = TypeVar("Seen", bound=Round)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What one reading of Git says of the model: read once, however many rounds look at it.

    ``lasting``: it follows from ``own`` alone, and holds for as long as that is the same.
    """

    truth: Truth
    own: Own
    lasting: bool
    tip: Tip
    history: tuple[DeliveryRecord, ...]
    admission: Admission


@dataclass
class Keeper(Generic[Seen]):
    """Holds only what the journal and the records could bring back. ``hand`` is the engine's."""

    repository: Repository
    base: str | None
    environment: str
    holdings: Holdings
    model: str
    gate: GateRun
    hand: Hand[Seen]
    by: str
    _known: Known | None = None

    def settle(self) -> None:
        """What ended beside the rounds; to be called before Git's newest reading is looked at."""
        self.hand.settle()
        if self.gate.settle():
            # the verdict is on the records branch: read them before anything follows from it
            self.hand.scribe.act(lambda: None)

    @property
    def busy(self) -> bool:
        """Something is under way whose end will change what is decided."""
        return self.hand.busy or self.gate.running

    @property
    def history(self) -> tuple[DeliveryRecord, ...]:
        """The model's records as they were read last."""
        return self._known.history if self._known is not None else ()

    def round(self, now: Seen) -> None:
        hand, known = self.hand, self._read(now.truth)
        act = decide(
            environment=self.environment,
            model=self.model,
            tip=known.tip,
            history=known.history,
            admission=self._admission(known),
            journal=hand.begun(known.history),
            acting=now.acting,
        )
        if now.holding:
            self.gate.interrupt()
        match act:
            case Regress(record=record, back=back):
                hand.regress(record, back, now)
            case Deliver(record=record, champion=champion, approved=approved):
                hand.deliver(record, champion, now, approved=approved)
            case Remove():
                hand.remove(now)
            case _:
                champion = deliveries.champion(known.history)
                back = champion and deliveries.restoration_target(known.history, champion)
                hand.steady(champion, back, now)
                if now.acting:
                    self._act_on_git(act, known.tip, known.history, now)

    def _read(self, truth: Truth) -> Known:
        known = self._known
        if known is None or known.truth is not truth:
            own = self.holdings.own(truth, self.model)
            if known is not None and known.lasting and known.own == own:
                tip = replace(known.tip, commit=truth.protected.commit)
                known = replace(known, truth=truth, tip=tip)
            else:
                known = self._read_anew(truth, own)
            self._known = known
        return known

    def _read_anew(self, truth: Truth, own: Own) -> Known:
        tip = read_tip(self.holdings, truth, self.model)
        history = self.holdings.history(own, self.model)
        good = tip.release if not tip.problem else None
        back = admit_back(good, history) if good else None
        return Known(
            truth=truth,
            own=own,
            # A problem may be one of the moment; other admissions depend on verdicts and the day.
            lasting=back is not None,
            tip=tip,
            history=history,
            admission=back or (admit(good, truth) if good else Admission()),
        )

    def _admission(self, known: Known) -> Admission:
        failure = self.gate.failure(known.tip.digest or "")
        if failure and known.admission == Admission():
            return Admission(held=f"gate: {failure}", passing=True)
        return known.admission

    def _act_on_git(
        self, act: Act, tip: Tip, history: tuple[DeliveryRecord, ...], now: Seen
    ) -> None:
        scribe, explain = self.hand.scribe, self.hand.explain
        match act:
            case Wait(why=why):
                explain(why)
            case TakeBack(record=record, target=target):
                explain(f"taking back {record.version}: {record.reason}")
                scribe.act(lambda: self._put_right(record, target))
            case Record(of=DeliveryRecord() as older, state=state, reason=reason):
                explain(f"{older.version} {state}: {reason}")
                scribe.append(next_state(older, state, reason, by=self.by), history)
            case Record(state=state, reason=reason) if tip.release is not None:
                explain(f"{tip.release.version} {state}: {reason}")
                scribe.append(self._record(act, tip.release, now), history)
            case Gate() if tip.release is not None:
                self._gate(act, tip.release, history, now)

    def _put_right(self, record: DeliveryRecord, target: DeliveryRecord) -> None:
        result = put_right(self.repository, record, target, base=self.base, by=self.by)
        self.hand.explain(
            f"{record.version} taken back: {result.kind}, {result.message}", topic="reversal"
        )

    def _gate(
        self, act: Gate, release: Release, history: tuple[DeliveryRecord, ...], now: Seen
    ) -> None:
        """GATING is recorded first, so that everybody sees why nothing happens yet."""
        scribe = self.hand.scribe
        newest = deliveries.latest(history, act.delivery)
        gating = newest is not None and newest.state is State.GATING
        if not gating and not self.gate.failed_before(release.digest):
            begun = Record(
                state=State.GATING,
                delivery=act.delivery,
                previous=act.previous,
                reason="under the tip's policies",
            )
            scribe.append(self._record(begun, release, now), history)
        elif not scribe.busy:
            path = release_path(self.model, self.environment)
            if self.gate.start(path, now.truth.protected.commit, release.digest):
                self.hand.explain(f"gating {release.version} under the tip's policies")

    def _record(self, act: Record, release: Release, now: Seen) -> DeliveryRecord:
        return record_of(
            self.repository,
            release,
            commit=now.truth.protected.commit,
            state=act.state,
            delivery=act.delivery,
            previous=act.previous,
            reason=act.reason,
            by=self.by,
            verdict=act.verdict,
        )
