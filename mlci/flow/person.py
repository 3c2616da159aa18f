"""What a person takes responsibility for: adopting what runs, approving another try."""

from mlci.errors import BadInput, Conflict
from mlci.flow.case import read_case
from mlci.flow.recording import append, record_of
from mlci.gitops import deliveries
from mlci.gitops.records_branch import RecordsBranch
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord, State


def adopt(repository: Repository, path: str, *, base: str | None, reason: str) -> DeliveryRecord:
    """Records the tip's release as the champion although mlci never gated or watched it.

    Raises Conflict where a champion is recorded already: it is replaced by a delivery, not by a
    word.
    """
    branch = RecordsBranch(repository)
    case = read_case(repository, path, base=base, at=_tip(repository, base))
    release = case.release
    history = case.truth.records.deliveries(release.environment, release.name)
    champion = deliveries.champion(history)
    if champion is not None:
        raise Conflict(
            place=f"{release.name}/{release.environment}",
            found=f"{champion.version} is {champion.state} (delivery {champion.delivery[:12]})",
            expected="no champion yet: adoption is for what ran before mlci",
            next_step="release a change of the manifest instead; the gate judges it",
        )
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
    return _written(branch, record, history)


def approve(repository: Repository, path: str, *, base: str | None, reason: str) -> DeliveryRecord:
    """Permits one more delivery of a model that REGRESSED, or one more gate run of a manifest."""
    branch = RecordsBranch(repository)
    case = read_case(repository, path, base=base, at=None)
    release = case.release
    history = case.truth.records.deliveries(release.environment, release.name)
    blocked = deliveries.blocked(history, release.model.digest)
    gated = case.truth.records.verdicts(release.digest)
    if blocked is None and not gated:
        raise BadInput(
            place=release.path,
            found="neither a REGRESSED delivery of its model nor a verdict on it",
            expected="something that waits for a person's yes",
            next_step=f"see what is held: mlci status --environment {release.environment}",
        )
    record = record_of(
        repository,
        release,
        commit=case.truth.protected.commit,
        state=State.APPROVED,
        delivery=blocked.delivery if blocked else (history[-1].delivery if history else ""),
        previous=blocked.previous if blocked else "",
        reason=reason,
        by=repository.person(),
    )
    return _written(branch, record, history)


def _tip(repository: Repository, base: str | None) -> str:
    from mlci.flow.truth import locate_protected

    return locate_protected(repository, base).commit


def _written(
    branch: RecordsBranch, record: DeliveryRecord, seen: tuple[DeliveryRecord, ...]
) -> DeliveryRecord:
    after = append(branch, record, seen).deliveries(record.environment, record.model)
    newest = after[-1]
    if newest.state is not record.state or newest.seq != (seen[-1].seq if seen else 0) + 1:
        raise Conflict(
            place=f"{record.model}/{record.environment}",
            found=f"{newest.state} was recorded meanwhile (delivery {newest.delivery[:12]})",
            expected="nobody else recording at the same time",
            next_step="look at `mlci status`, then decide again",
        )
    return newest
