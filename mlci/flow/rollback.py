"""What a pipeline delivered, taken back: every release that was merged since a commit."""

from collections.abc import Iterator

from mlci.errors import MlciError
from mlci.flow.case import read_where_you_stand
from mlci.flow.change import change_since
from mlci.flow.take_back import take_back_by_person
from mlci.gitops.records_branch import RecordsBranch
from mlci.gitops.records_snapshot import RecordsSnapshot
from mlci.gitops.repository import Repository
from mlci.gitops.reversal import ReversalResult
from mlci.manifest.release import parse_release
from mlci.records.delivery import State

_FAILED = (State.REGRESSED, State.REFUSED, State.REVERTED)


def roll_back(
    repository: Repository,
    since: str,
    *,
    regressed: bool,
    base: str | None,
    reason: str,
    push: bool,
) -> Iterator[tuple[str, ReversalResult | MlciError]]:
    """Each release by path, and what became of it; one that can't be taken back stops no other.

    With ``regressed`` only those whose delivery REGRESSED or was refused. Raises as
    ``change_since``, and Broken where the records can't be had.
    """
    change = change_since(repository, since)
    records = RecordsBranch(repository).fetch()
    for each in change.to_gate:
        try:
            if regressed and not _failed(repository, records, each.path):
                continue
            result = take_back_by_person(repository, each.path, base=base, reason=reason, push=push)
        except MlciError as error:
            yield each.path, error
        else:
            yield each.path, result


def _failed(repository: Repository, records: RecordsSnapshot, path: str) -> bool:
    release = parse_release(path, read_where_you_stand(repository, path, None))
    history = records.deliveries(release.environment, release.name)
    own = [each for each in history if each.manifest_digest == release.digest]
    return bool(own) and own[-1].state in _FAILED
