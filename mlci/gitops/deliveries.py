"""What the records of one model in one environment mean. Pure; records come in ``seq`` order."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from mlci.records.delivery import DeliveryRecord, State

# A reversal that could not be pushed to the protected branch waits on a branch below this one.
REVERSALS = "mlci/revert/"
_LIVE = (State.HEALTHY, State.ADOPTED)


def delivery_id(environment: str, model: str, manifest_digest: str, previous: str) -> str:
    """64 hex digits; two agents that race for the same delivery compute the same."""
    return _identity("delivery", environment, model, manifest_digest, previous)


def refusal_id(manifest_digest: str, verdict: str) -> str:
    """The identity of taking back a release that a verdict refused after its merge."""
    return _identity("refusal", manifest_digest, verdict)


def reverted(records: Iterable[DeliveryRecord], delivery: str) -> DeliveryRecord | None:
    """The record that says where the reversal of this delivery went."""
    own = [r for r in records if r.delivery == delivery and r.state is State.REVERTED]
    return own[-1] if own else None


def waiting_reversal(records: Iterable[DeliveryRecord], delivery: str) -> str:
    """The branch of its own on which the reversal of this delivery was left, or ""."""
    record = reverted(records, delivery)
    return record.reversal if record and record.reversal.startswith(REVERSALS) else ""


def next_seq(records: Sequence[DeliveryRecord]) -> int:
    """The number of the record that comes after these."""
    return records[-1].seq + 1 if records else 1


def latest(records: Iterable[DeliveryRecord], delivery: str) -> DeliveryRecord | None:
    """The newest record of one delivery."""
    return next((r for r in reversed([*records]) if r.delivery == delivery), None)


def standing(records: Iterable[DeliveryRecord]) -> list[DeliveryRecord]:
    """HEALTHY and ADOPTED records that nothing voids, newest first, one a delivery.

    A model that regressed after its promotion has regressed in every manifest that named it until
    then: these stand only where nothing else does.
    """
    regressed: set[str] = set()
    failed: set[str] = set()
    found: dict[str, DeliveryRecord] = {}
    doubtful: dict[str, DeliveryRecord] = {}
    for record in reversed([*records]):
        if record.state is State.REGRESSED:
            regressed.add(record.delivery)
        elif record.state in _LIVE and record.delivery in regressed:
            failed.add(record.model_digest)
        elif record.state in _LIVE:
            kind = doubtful if record.model_digest in failed else found
            kind.setdefault(record.delivery, record)
    return [*(found or doubtful).values()]


def champion(records: Iterable[DeliveryRecord]) -> DeliveryRecord | None:
    """The newest HEALTHY or ADOPTED record that no later REGRESSED of its delivery voids."""
    return next(iter(standing(records)), None)


def voided(records: Iterable[DeliveryRecord], record: DeliveryRecord) -> bool:
    """True where ``record``'s delivery REGRESSED after it."""
    return any(
        later.seq > record.seq
        and later.delivery == record.delivery
        and later.state is State.REGRESSED
        for later in records
    )


def ways_back(records: Iterable[DeliveryRecord]) -> tuple[DeliveryRecord, ...]:
    """The champion, and the newest standing delivery before it that has another manifest.

    These two are admitted on their record.
    """
    alive = standing(records)
    before = (r for r in alive if r.manifest_digest != alive[0].manifest_digest)
    return (*alive[:1], *[r for r in [next(before, None)] if r])


def restoration_target(
    records: Iterable[DeliveryRecord], delivery: DeliveryRecord
) -> DeliveryRecord | None:
    """The newest standing delivery with another manifest before the one that is taken back: with
    another model too, where there is one and this delivery regresses after its promotion.

    None: nothing HEALTHY ever ran before it.
    """
    history = [*records]
    own = [r for r in history if r.delivery == delivery.delivery]
    begun = min((r.seq for r in own), default=delivery.seq)
    before = [
        r
        for r in standing(history)
        if r.seq < begun and r.manifest_digest != delivery.manifest_digest
    ]
    if any(r.state in _LIVE for r in own):
        before = [r for r in before if r.model_digest != delivery.model_digest] or before
    return next(iter(before), None)


def blocked(
    records: Iterable[DeliveryRecord], model_digest: str, delivery: str = ""
) -> DeliveryRecord | None:
    """The REGRESSED record that keeps this model out of the environment, or None.

    A later APPROVED opens it for one delivery: the first that is ADMITTED with the model after it.
    A yes to a delivery that was PAUSED is for that one alone. ``delivery`` is the one that asks:
    the approved one itself is not blocked.
    """
    block: DeliveryRecord | None = None
    approved, used_by, paused = False, "", ""
    for record in records:
        if record.model_digest != model_digest:
            continue
        if record.state is State.APPROVED and record.delivery == paused:
            continue
        paused = record.delivery if record.state is State.PAUSED else ""
        if record.state is State.REGRESSED:
            block, approved, used_by = record, False, ""
        elif record.state is State.APPROVED:
            approved, used_by = True, ""
        elif record.state is State.ADMITTED and approved and not used_by:
            used_by = record.delivery
    is_open = approved and used_by in ("", delivery)
    return None if is_open else block


def _identity(*parts: str) -> str:
    # No part can hold a zero byte: names and digests have a strict charset.
    return sha256("\0".join(parts).encode()).hexdigest()
