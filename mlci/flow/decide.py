"""What to do next for one model in one environment: a pure function of what is known.

Every act is decided anew from the records, the tip and the journal; nothing is remembered that a
new agent could not read. One act a round: the next round sees what came of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mlci.flow.progress import Intent, Progress
from mlci.gitops import deliveries
from mlci.records.delivery import DeliveryRecord, State
from mlci.records.release import Release

DELIVERING = (State.ADMITTED, State.PAUSED)
OPEN = (State.GATING, State.HELD, *DELIVERING)


@dataclass(frozen=True, kw_only=True)
class Tip:
    """The model's manifest at the protected ref's tip; ``digest`` is None if it is gone.

    ``problem`` says why it can't be used; ``release`` is None then if its text can't be read.
    """

    commit: str
    digest: str | None
    release: Release | None
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What the records and rules say of the tip's release before it is delivered.

    Exactly one of these is meant: ``admits`` (a verdict or a way back), ``refused`` (a FAIL that
    stands), ``held`` (a reason; ``passing`` if it is tried again by itself), or none of them: it
    must be gated.
    """

    admits: bool = False
    refused: bool = False
    held: str = ""
    passing: bool = False
    verdict: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Nothing to do but to watch; ``why`` is for people."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Remove:
    """The release is gone from Git: drain it and stop it."""


@dataclass(frozen=True, kw_only=True)
class Steady:
    """The champion is what Git asks for: it serves everything."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    delivery: str
    previous: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """Append this state for a delivery of the tip's release (``of`` None) or of an older one."""

    state: State
    delivery: str
    previous: str
    reason: str
    verdict: str = ""
    of: DeliveryRecord | None = None


@dataclass(frozen=True, kw_only=True)
class Deliver:
    """The delivery goes on: servers, steps, watch. ``approved``: it was PAUSED, and a person has
    said yes to that pause since."""

    record: DeliveryRecord
    champion: DeliveryRecord | None
    approved: bool = False


@dataclass(frozen=True, kw_only=True)
class Regress:
    """Harm was shown and its intent journalled: traffic goes ``back`` (None: there is nothing to go
    back to) and REGRESSED is recorded."""

    record: DeliveryRecord
    back: DeliveryRecord | None


@dataclass(frozen=True, kw_only=True)
class TakeBack:
    """Git must be put right after REGRESSED or REFUSED."""

    record: DeliveryRecord
    target: DeliveryRecord


Act = Wait | Remove | Steady | Gate | Record | Deliver | Regress | TakeBack


def decide(
    *,
    environment: str,
    model: str,
    tip: Tip,
    history: Sequence[DeliveryRecord],
    admission: Admission,
    journal: Progress | None = None,
    acting: bool = True,
) -> Act:
    """``history`` is all records of the model in this environment, oldest first; ``journal`` what
    this machine has begun of one of its deliveries.

    Harm that was shown comes first, whatever Git asks for by now. While nothing may be done
    (``acting`` is False) a delivery under way stays under way.
    """
    regressing = _regressing(journal, history)
    if regressing is not None:
        return regressing
    newest = _newest_step(history)
    if not acting and newest is not None and newest.state in DELIVERING:
        return _deliver(newest, history)
    unfinished = _unfinished(newest, history, tip)
    if unfinished is not None:
        return unfinished
    if tip.digest is None:
        return _leave(newest, "the release was removed from Git") or Remove()
    champion = deliveries.champion(history)
    if champion is not None and champion.manifest_digest == tip.digest:
        return _leave(newest, "the tip asks for the champion again") or Steady()
    if newest is not None and newest.state in OPEN and newest.manifest_digest != tip.digest:
        left = _leave(newest, "a newer release was merged")
        if left is not None:
            return left
    if newest is not None and newest.state in DELIVERING:
        return _deliver(newest, history)
    waiting = _reversal_waits(newest, history, tip, admission)
    if waiting is not None:
        return waiting
    return _toward(
        delivery_of=(environment, model),
        tip=tip,
        newest=newest,
        taken_back=newest is not None and deliveries.reverted(history, newest.delivery) is not None,
        champion=champion,
        admission=admission,
        tried=_taken_back_before(history, tip.digest, admission.verdict),
    )


def _newest_step(history: Sequence[DeliveryRecord]) -> DeliveryRecord | None:
    """The newest record that is a step of a delivery: a person's yes is not one."""
    return next((each for each in reversed(history) if each.state is not State.APPROVED), None)


def _regressing(journal: Progress | None, history: Sequence[DeliveryRecord]) -> Regress | None:
    """The intent to take back is over once REGRESSED is recorded, by whichever agent."""
    if journal is None or journal.intent is not Intent.TAKE_BACK:
        return None
    own = [each for each in history if each.delivery == journal.delivery]
    newest = _newest_step(own)
    if newest is None or any(each.state is State.REGRESSED for each in own):
        return None
    return Regress(record=newest, back=deliveries.restoration_target(history, newest))


def _deliver(record: DeliveryRecord, history: Sequence[DeliveryRecord]) -> Deliver:
    last = history[-1]
    about = (last.delivery, last.step) == (record.delivery, record.step)
    approved = last.state is State.APPROVED and about
    return Deliver(
        record=record,
        champion=deliveries.champion(history),
        approved=approved and record.state is State.PAUSED,
    )


def _unfinished(
    newest: DeliveryRecord | None, history: Sequence[DeliveryRecord], tip: Tip
) -> Act | None:
    """REGRESSED or REFUSED, and Git not yet put right; what is waiting for people waits."""
    if newest is None or newest.state not in (State.REGRESSED, State.REFUSED):
        return None
    target = deliveries.restoration_target(history, newest)
    asked = tip.digest == newest.manifest_digest
    if target is None or (newest.state is State.REFUSED and not asked):
        return None
    return TakeBack(record=newest, target=target)


def _leave(newest: DeliveryRecord | None, reason: str) -> Act | None:
    """An open delivery that Git no longer asks for is closed before anything else."""
    if newest is None or newest.state not in OPEN:
        return None
    return Record(
        state=State.SUPERSEDED,
        delivery=newest.delivery,
        previous=newest.previous,
        reason=reason,
        of=newest,
    )


def _reversal_waits(
    newest: DeliveryRecord | None,
    history: Sequence[DeliveryRecord],
    tip: Tip,
    admission: Admission,
) -> Act | None:
    """Until the reversal's own branch is merged, or a person permits the release again, it is HELD
    in the delivery that the reversal takes back: one incident, whoever asks."""
    barred = tip.problem or admission.held or admission.refused
    if newest is None or newest.manifest_digest != tip.digest or not barred:
        return None
    branch = deliveries.waiting_reversal(history, newest.delivery)
    if not branch:
        return None
    if newest.state is State.HELD:
        return Wait(why=f"{newest.state}: {newest.reason}")
    return Record(
        state=State.HELD,
        delivery=newest.delivery,
        previous=newest.previous,
        reason=f"the reversal waits: merge {branch}",
        of=newest,
    )


def _toward(
    *,
    delivery_of: tuple[str, str],
    tip: Tip,
    newest: DeliveryRecord | None,
    taken_back: bool,
    champion: DeliveryRecord | None,
    admission: Admission,
    tried: bool,
) -> Act:
    """The tip asks for something else than what is HEALTHY: gate it, admit it, deliver it.

    A delivery that was ``taken_back`` never goes on: what a person permits then is another one.
    """
    digest = tip.digest or ""
    goes_on = newest and newest.state in OPEN and not taken_back
    same = newest if newest and goes_on and newest.manifest_digest == digest else None
    if same is not None:
        delivery, previous = same.delivery, same.previous
    else:
        previous = newest.delivery if newest is not None else ""
        delivery = deliveries.delivery_id(*delivery_of, digest, previous)
    if tip.release is None:
        return Wait(why=tip.problem)

    def record(state: State, reason: str) -> Act:
        known = same.reason if same is not None and same.state is state else None
        if known == reason or (known and admission.passing):
            return Wait(why=f"{state}: {reason}")
        return Record(
            state=state,
            delivery=delivery,
            previous=previous,
            reason=reason,
            verdict=admission.verdict,
        )

    if tip.problem or admission.held:
        return record(State.HELD, tip.problem or admission.held)
    if admission.refused:
        # Without anything to go back to, or taken back once already, people decide.
        held = champion is None or tried
        return record(State.HELD if held else State.REFUSED, admission.reason)
    if admission.admits:
        return record(State.ADMITTED, admission.reason)
    return Gate(delivery=delivery, previous=previous)


def _taken_back_before(history: Sequence[DeliveryRecord], digest: str, verdict: str) -> bool:
    """One verdict takes a manifest back once: who asks for it again, or has not merged the
    reversal that waits on its own branch, means it."""
    return any(
        each.state is State.REVERTED and (each.manifest_digest, each.verdict) == (digest, verdict)
        for each in history
    )
