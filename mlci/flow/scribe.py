"""Acts on Git beside the rounds, each of which ends with a new reading of Git."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from mlci.flow.doing import Doing
from mlci.flow.recording import append
from mlci.gitops.records_branch import RecordsBranch
from mlci.gitops.repository import Repository
from mlci.records.delivery import DeliveryRecord


class Scribe(Doing):
    """``beside`` runs an act in another thread, then reads Git again before its future is done."""

    def __init__(
        self,
        repository: Repository,
        beside: Callable[[Callable[[], object]], "Future[None]"],
        explain: Callable[[str], None],
    ) -> None:
        super().__init__(beside=beside, explain=explain)
        self.repository = repository

    def append(self, record: DeliveryRecord, seen: Sequence[DeliveryRecord]) -> None:
        """Records, unless ``seen`` is no longer all there is; then the next round decides anew."""
        self.act(lambda: append(RecordsBranch(self.repository), record, seen))
