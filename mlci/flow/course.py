"""What every stage of a delivery can do: look, wait, come to its end, and take traffic back.

Invariants: an intent is journalled before its act; traffic moves before the record says so; the
record is written before Git is put right (which the keeper's next rounds do).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlci.flow.arms import Arms
from mlci.flow.evidence import Evidence
from mlci.flow.explain import Explain
from mlci.flow.progress import Intent, Journal, Progress
from mlci.flow.recording import next_state
from mlci.flow.routes import only
from mlci.flow.scribe import Scribe
from mlci.flow.view import Now, Wanted
from mlci.records.delivery import DeliveryRecord, State


@dataclass
class Course:
    """``wanted`` is what should run now; None until something is known."""

    journal: Journal
    evidence: Evidence
    scribe: Scribe
    explain: Explain
    by: str
    wanted: Wanted | None = None

    def begun(self, history: Sequence[DeliveryRecord]) -> Progress | None:
        """What this machine's journal holds of one of these deliveries."""
        journal = self.journal.current()
        known = journal and any(each.delivery == journal.delivery for each in history)
        return journal if known else None

    def look(
        self, progress: Progress, arms: Arms, now: Now, *, alone: bool, copies: bool = False
    ) -> Progress:
        """One more look at what is wanted now: ``alone`` by the budgets, else beside what is
        stable; at the ``copies`` that the canary gets, or at what users asked it."""
        in_force = now.in_force is not None and now.in_force == (self.wanted or Wanted()).route
        return self.journal.keep(
            self.evidence.observe(
                progress,
                arms.canary,
                None if alone else arms.stable,
                arms.canary.watch,
                now.scrape,
                in_force=in_force,
                copies=copies,
            )
        )

    def wait(self, record: DeliveryRecord, why: str, arms: Arms, now: Now) -> None:
        """Nothing can be seen of it: nearer to the deadline, not to the next step."""
        if now.holding:
            return
        progress = self.journal.of(record.delivery)
        progress = self.journal.keep(progress.waited(now.seconds))
        if progress.total >= arms.canary.watch.deadline:
            abort = arms.canary.watch.on_deadline == "abort"
            self.late(record, why, arms, now, abort=abort)

    def late(
        self, record: DeliveryRecord, reason: str, arms: Arms, now: Now, *, abort: bool
    ) -> None:
        """A delivery that is undecided at its deadline waits for people, or is taken back."""
        reason = f"undecided at the deadline: {reason}"
        if abort:
            self.take_back(record, reason, arms, now)
        elif record.state is not State.PAUSED and now.acting:
            self.explain(f"{record.version} PAUSED, {reason}")
            self.append(record, State.PAUSED, reason, now, self.evidence.numbers())

    def take_back(self, record: DeliveryRecord, reason: str, arms: Arms, now: Now) -> None:
        """The intent, then traffic; the record follows once the traffic is back."""
        progress, numbers = self.journal.of(record.delivery), self.evidence.numbers()
        self.journal.keep(progress.begun(Intent.TAKE_BACK, reason, numbers))
        self.traffic_back(record, arms, now)

    def traffic_back(self, record: DeliveryRecord, arms: Arms, now: Now) -> None:
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
            self.append(record, State.REGRESSED, begun.reason, now, begun.evidence)

    def append(
        self,
        record: DeliveryRecord,
        state: State,
        reason: str,
        now: Now,
        evidence: Mapping[str, float] | None = None,
        *,
        step: int = 0,
    ) -> None:
        further = next_state(record, state, reason, by=self.by, evidence=evidence, step=step)
        seen = now.truth.records.deliveries(record.environment, record.model)
        self.scribe.append(further, seen)
