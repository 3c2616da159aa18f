"""The evidence of the delivery under way, kept in its journal between rounds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from mlci.flow.progress import Progress
from mlci.flow.served import Served
from mlci.records.outcome import Health
from mlci.records.policy import Watch
from mlci.records.traffic import Scrape, copies_for
from mlci.watch.judge import Assessment, assess
from mlci.watch.watching import Watching

_NOTHING = Assessment(health=Health.UNKNOWN, reason="nothing was looked at yet")


@dataclass
class Evidence:
    """``assessment`` is what was made of the last look."""

    assessment: Assessment = _NOTHING
    _of: str = ""
    _watching: Watching | None = None

    def observe(
        self,
        progress: Progress,
        canary: Served,
        stable: Served | None,
        watch: Watch,
        scrape: Scrape | None,
        *,
        in_force: bool,
        copies: bool = False,
    ) -> Progress:
        """One more look; the progress with the evidence in it. ``watch`` binds from the first look
        on: what a policy says later concerns later deliveries.

        A watch is of one pair: another stable arm, or none any more, begins another one, and so
        does a canary that is judged by the ``copies`` it gets, or no longer. So does each look
        before the canary's traffic is ``in_force``: the last of them is the first look.
        """
        if self._watching is None or self._of != progress.delivery:
            self._of, self._watching = progress.delivery, _journalled(progress)
        beside = stable.server.identity if stable else None
        own = canary.server.identity
        pair = (copies_for(own) if copies else own, beside)
        known = self._watching
        same = known is not None and (known.canary, known.stable) == pair
        if known is None or not same or not (in_force or known.reached):
            known = Watching.start(watch, canary=pair[0], stable=beside)
        self._watching = known.observe(scrape)
        self.assessment = assess(self._watching)
        return replace(progress, watching=self._watching.to_dict())

    def forget(self) -> None:
        """A new look begins from nothing, as after promotion."""
        self._watching = None
        self.assessment = _NOTHING

    @property
    def current(self) -> Assessment | None:
        """What was made of the last look; None while nothing is watched."""
        return self.assessment if self._watching is not None else None

    def numbers(self) -> Mapping[str, float]:
        """Log e-values by name, for the record; those without a finite value are left out."""
        found = self.assessment.evidence.items()
        return {name: value for name, value in found if math.isfinite(value)}


def _journalled(progress: Progress) -> Watching | None:
    """None where there is nothing yet, or what another version of mlci thought of it."""
    try:
        return Watching.from_dict(progress.watching) if progress.watching else None
    except (KeyError, TypeError, ValueError):
        return None
