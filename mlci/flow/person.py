"""What a person takes responsibility for: adopting what runs, approving another try."""

from dataclasses import replace

from mlci.errors import BadInput, Conflict
from mlci.flow.case import Case, artifacts_of, read_case
from mlci.flow.clock import today
from mlci.flow.recording import append, record_of
from mlci.flow.standing import undecided, verdict_that_stands
from mlci.flow.truth import locate_protected
from mlci.gitops import deliveries
from mlci.gitops.records_branch import RecordsBranch
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord, State


def adopt(repository: Repository, path: str, *, base: str | None, reason: str) -> DeliveryRecord:
    """Records the tip's release as the champion although mlci never gated or watched it.

    Raises Conflict where a champion is recorded already (it is replaced by a delivery, not by a
    word), Broken where the model's file can't be had: nothing could be compared with it.
    """
    tip = locate_protected(repository, base).commit
    case = read_case(repository, path, base=base, at=tip)
    release, history = case.release, _history(case)
    champion = deliveries.champion(history)
    if champion is not None:
        raise Conflict(
            place=f"{release.name}/{release.environment}",
            found=f"{champion.version} is {champion.state} (delivery {champion.delivery[:12]})",
            expected="no champion yet: adoption is for what ran before mlci",
            next_step="release a change of the manifest instead; the gate judges it",
        )
    place = release.source.at("spec", "model", "digest")
    artifacts_of(case).fetch(release.model.uri, release.model.digest, place)
    previous = history[-1].delivery if history else ""
    record = record_of(
        repository,
        release,
        commit=case.truth.protected.commit,
        state=State.ADOPTED,
        delivery=deliveries.delivery_id(
            release.environment, release.name, release.digest, previous
        ),
        previous=previous,
        reason=reason,
        by=repository.person(),
    )
    return _written(repository, record, history)


def approve(repository: Repository, path: str, *, base: str | None, reason: str) -> DeliveryRecord:
    """A yes to the delivery that is PAUSED: to this pause and no other. Else it permits one more
    delivery of a model that REGRESSED, else one more gate run: the verdict that stands, or decides
    nothing, is put aside by its name.

    Raises BadInput where nothing waits for a person's yes.
    """
    case = read_case(repository, path, base=base, at=None)
    history = _history(case)
    paused = _paused(case, history)
    blocked = None if paused else deliveries.blocked(history, case.release.model.digest)
    verdict = "" if paused or blocked else _waiting(case, history)
    record = record_of(
        repository,
        case.release,
        commit=case.truth.protected.commit,
        state=State.APPROVED,
        delivery=_delivery(case, history, paused or blocked),
        previous=blocked.previous if blocked else "",
        reason=reason,
        by=repository.person(),
        verdict=verdict,
    )
    # What is approved stands where the person stands; a word about it restores no files.
    step = paused.step if paused else 0
    return _written(repository, replace(record, paths=(), artifacts=(), step=step), history)


def _paused(case: Case, history: tuple[DeliveryRecord, ...]) -> DeliveryRecord | None:
    """The pause that nobody has said yes to yet, of the release where the person stands."""
    newest = history[-1] if history else None
    same = newest is not None and newest.manifest_digest == case.release.digest
    return newest if newest is not None and same and newest.state is State.PAUSED else None


def _history(case: Case) -> tuple[DeliveryRecord, ...]:
    return case.truth.records.deliveries(case.release.environment, case.release.name)


def _waiting(case: Case, history: tuple[DeliveryRecord, ...]) -> str:
    where = (case.truth.records, case.release.digest, case.key, history)
    verdict = verdict_that_stands(*where, today()) or undecided(*where)
    if verdict is None:
        raise BadInput(
            place=case.release.path,
            found="neither a REGRESSED delivery of its model, nor a recorded verdict under the "
            "policies, exam and champion of now that is not yet put aside",
            expected="something that waits for a person's yes",
            next_step=f"see `mlci status --environment {case.release.environment}`",
        )
    return verdict.id


def _delivery(
    case: Case, history: tuple[DeliveryRecord, ...], waiting: DeliveryRecord | None
) -> str:
    """The delivery that is PAUSED or REGRESSED, the one under way, or the one that would begin."""
    if waiting is not None:
        return waiting.delivery
    release = case.release
    newest = history[-1] if history else None
    if newest is not None and newest.manifest_digest == release.digest:
        return newest.delivery
    previous = newest.delivery if newest else ""
    return deliveries.delivery_id(release.environment, release.name, release.digest, previous)


def _written(
    repository: Repository, record: DeliveryRecord, seen: tuple[DeliveryRecord, ...]
) -> DeliveryRecord:
    after = append(RecordsBranch(repository), record, seen)
    newest = after.deliveries(record.environment, record.model)[-1]
    if newest != replace(record, seq=deliveries.next_seq(seen)):
        raise Conflict(
            place=f"{record.model}/{record.environment}",
            found=f"{newest.state} was recorded meanwhile (delivery {newest.delivery[:12]})",
            expected="nobody else recording at the same time",
            next_step="look at `mlci status`, then decide again",
        )
    return newest
