"""What one round sees of a model where Argo delivers."""

from dataclasses import dataclass

from mlci.flow.hand import Round
from mlci.records.live import LiveAnalysis, LiveRollout


@dataclass(frozen=True, kw_only=True)
class Watched(Round):
    """``live`` is the Rollout as it is in the cluster, ``runs`` its analyses, oldest first.

    ``trouble`` says why they aren't current, ``frozen`` why nothing may go on; both may be empty.
    """

    live: LiveRollout | None
    runs: tuple[LiveAnalysis, ...]
    trouble: str = ""
    frozen: str = ""

    @property
    def held(self) -> str:
        """What keeps a delivery from going on that is no matter of its evidence."""
        return self.trouble or self.frozen or "Git can't be acted on now" * (not self.acting)
