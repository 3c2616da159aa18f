"""What a keeper asks of the engine that delivers, whichever it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from mlci.flow.explain import Explain
from mlci.flow.progress import Progress
from mlci.flow.scribe import Scribe
from mlci.flow.truth import Truth
from mlci.records.delivery import DeliveryRecord


@dataclass(frozen=True, kw_only=True)
class Round:
    """One round's view. ``acting``: records and Git may be written, steps taken. ``holding``: the
    kill switch is on, nothing at all is done."""

    truth: Truth
    acting: bool
    holding: bool


Seen = TypeVar("Seen", bound=Round, contravariant=True)


class Hand(Protocol[Seen]):
    """One model's deliveries on one engine; ``Seen`` is what a round sees there."""

    @property
    def scribe(self) -> Scribe: ...

    @property
    def explain(self) -> Explain: ...

    @property
    def busy(self) -> bool:
        """Something is under way whose end will change what is decided."""
        ...

    def settle(self) -> None:
        """What ended beside the rounds."""
        ...

    def begun(self, history: Sequence[DeliveryRecord]) -> Progress | None:
        """What was begun of a delivery, by whichever agent, and must be brought to its end."""
        ...

    def deliver(
        self, record: DeliveryRecord, champion: DeliveryRecord | None, now: Seen, *, approved: bool
    ) -> None:
        """One round of a delivery that is under way."""
        ...

    def regress(self, record: DeliveryRecord, back: DeliveryRecord | None, now: Seen, /) -> None:
        """Harm was shown: traffic goes ``back``, then REGRESSED is recorded."""
        ...

    def steady(
        self, champion: DeliveryRecord | None, back: DeliveryRecord | None, now: Seen, /
    ) -> None:
        """The champion serves; ``back`` is what it would be taken back to."""
        ...

    def remove(self, now: Seen) -> None:
        """The release is gone from Git."""
        ...
