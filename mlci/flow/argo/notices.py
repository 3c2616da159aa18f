"""One model's notices in the cluster, read and written beside the rounds."""

import time
from dataclasses import dataclass, field

from mlci.delivery.argo.admissions import admissions, admit
from mlci.delivery.argo.cluster import Cluster
from mlci.flow.doing import Doing
from mlci.records.answer import Answer
from mlci.records.notice import Notice

_EVERY = 30.0  # seconds: somebody may have removed them


@dataclass
class Notices:
    """``doing`` is shared with all else that is done to the model's objects: one act at a time."""

    cluster: Cluster
    environment: str
    model: str
    doing: Doing
    _known: dict[str, Notice] | None = None
    _read_at: float = field(default=float("-inf"))

    def keep_fresh(self) -> None:
        if time.monotonic() - self._read_at >= _EVERY:
            self.doing.act(self._read)

    @property
    def known(self) -> bool:
        return self._known is not None

    def about(self, template: str, delivery: str) -> Notice | None:
        """The notice of that delivery; one of another delivery of the same pods is none."""
        notice = (self._known or {}).get(template)
        return notice if notice is not None and notice.delivery == delivery else None

    def regressed(self) -> list[Notice]:
        return [n for n in (self._known or {}).values() if n.outcome is Answer.REGRESSED]

    def leave(self, template: str, notice: Notice) -> None:
        """Nothing where it is there already, or an act is under way: the next round asks again."""
        if self._known is not None and self._known.get(template) != notice:
            self.doing.act(lambda: self.write(template, notice))

    def write(self, template: str, notice: Notice) -> None:
        """Waits for the API server: not to be called by a round itself. Raises Broken."""
        admit(
            self.cluster,
            environment=self.environment,
            model=self.model,
            template_digest=template,
            notice=notice,
        )
        self._known = {**(self._known or {}), template: notice}

    def _read(self) -> None:
        self._known = dict(admissions(self.cluster, self.model))
        self._read_at = time.monotonic()
