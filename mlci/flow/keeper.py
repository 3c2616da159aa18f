"""Looks after one model in one environment, one round after the other.

What is done follows from the records, the tip and the journal alone; a round that can't know
decides nothing, and what serves goes on serving.
"""

from dataclasses import dataclass

from mlci.flow.admission import admit, read_tip
from mlci.flow.decide import (
    Act,
    Admission,
    Deliver,
    Gate,
    Record,
    Remove,
    Steady,
    TakeBack,
    Tip,
    Wait,
    decide,
)
from mlci.flow.delivering import Delivering
from mlci.flow.gating import GateRun
from mlci.flow.recording import next_state, record_of
from mlci.flow.take_back import put_right
from mlci.flow.truth import Truth
from mlci.flow.view import Now, Wanted
from mlci.gitops import deliveries
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.release import Release, release_path


@dataclass
class Keeper:
    """Holds only what the journal and the records could bring back."""

    repository: Repository
    environment: str
    model: str
    gate: GateRun
    delivering: Delivering
    by: str

    def round(self, now: Now) -> Wanted | None:
        """What should run after this round; None where nothing is known yet."""
        hand = self.delivering
        hand.scribe.settle()
        history = now.truth.records.deliveries(self.environment, self.model)
        tip = read_tip(self.repository, now.truth, self.environment, self.model)
        act = decide(
            environment=self.environment,
            model=self.model,
            tip=tip,
            history=history,
            admission=self._admission(tip, now.truth),
        )
        match act:
            case Steady(champion=champion):
                hand.steady(champion, deliveries.restoration_target(history, champion), now)
            case Deliver(record=record, champion=champion):
                hand.deliver(record, champion, now)
            case Remove():
                hand.remove(now)
            case _:
                hand.serve(deliveries.champion(history))
                if now.acting:
                    self._act_on_git(act, tip, history, now)
        return hand.wanted

    def _admission(self, tip: Tip, truth: Truth) -> Admission:
        if tip.release is None:
            return Admission()
        self.gate.settle()
        admission = admit(tip.release, truth)
        failure = self.gate.failure(tip.release.digest)
        return (
            Admission(held=f"gate: {failure}")
            if admission == Admission() and failure
            else admission
        )

    def _act_on_git(
        self, act: Act, tip: Tip, history: tuple[DeliveryRecord, ...], now: Now
    ) -> None:
        scribe, explain = self.delivering.scribe, self.delivering.explain
        match act:
            case Wait(why=why):
                explain(why)
            case TakeBack(record=record, target=target):
                explain(f"taking back {record.version}: {record.reason}")
                scribe.act(lambda: put_right(self.repository, record, target, by=self.by))
            case Record(of=DeliveryRecord() as older, state=state, reason=reason):
                scribe.append(next_state(older, state, reason, by=self.by), history)
            case Record(state=state, reason=reason) if tip.release is not None:
                explain(f"{tip.release.version} {state}: {reason}")
                scribe.append(self._record(act, tip.release, now), history)
            case Gate() if tip.release is not None:
                self._gate(act, tip.release, history, now)

    def _gate(
        self, act: Gate, release: Release, history: tuple[DeliveryRecord, ...], now: Now
    ) -> None:
        """GATING is recorded first, so that everybody sees why nothing happens yet."""
        newest = history[-1] if history else None
        if newest is None or (newest.state, newest.delivery) != (State.GATING, act.delivery):
            gating = Record(
                state=State.GATING,
                delivery=act.delivery,
                previous=act.previous,
                reason="under the tip's policies",
            )
            self.delivering.scribe.append(self._record(gating, release, now), history)
            return
        path = release_path(self.model, self.environment)
        if self.gate.start(path, now.truth.protected.commit, release.digest):
            self.delivering.explain(f"gating {release.version} under the tip's policies")

    def _record(self, act: Record, release: Release, now: Now) -> DeliveryRecord:
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
