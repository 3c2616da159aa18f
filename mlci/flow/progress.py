"""The agent's journal: how far one delivery has come on this machine.

What happened stands in the records branch; the journal keeps only what a new agent could not know
after a crash: the step, the time observed in it, the evidence so far, and acts that were begun.
Intents are written before the act, so that whoever starts next finishes it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from mlci.errors import Broken
from mlci.flow.files import write_whole


class Intent(StrEnum):
    """What was begun and is not known to be done."""

    NONE = ""
    PROMOTE = "promote"
    TAKE_BACK = "take back"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """``baked`` and ``total`` are observed seconds: in this step, and in the whole delivery.

    ``kept`` counts observed seconds after promotion, ``stalled`` those in a row in which its server
    was not ready; ``watching`` is the evidence's own JSON.
    ``reason`` and ``evidence`` are what the intent was decided on, for the record to come.
    """

    delivery: str
    step: int = 0
    baked: float = 0.0
    total: float = 0.0
    kept: float = 0.0
    intent: Intent = Intent.NONE
    reason: str = ""
    evidence: Mapping[str, float] = field(default_factory=dict)
    watching: Mapping[str, Any] = field(default_factory=dict)
    stalled: float = 0.0

    def observed(self, seconds: float) -> "Progress":
        """Time counts only while it is watched: an agent that was down proves nothing."""
        return replace(self, baked=self.baked + seconds, total=self.total + seconds)

    def waited(self, seconds: float) -> "Progress":
        """Time in which nothing could be seen: nearer to the deadline, not to the next step."""
        return replace(self, total=self.total + seconds)

    def begun(self, intent: Intent, reason: str, evidence: Mapping[str, float]) -> "Progress":
        return replace(self, intent=intent, reason=reason, evidence=evidence)

    def next_step(self) -> "Progress":
        return replace(self, step=self.step + 1, baked=0.0)


@dataclass
class Journal:
    """One model's journal: a file that is always whole."""

    file: Path
    _current: Progress | None = None

    def of(self, delivery: str) -> Progress:
        """The delivery's progress; from its beginning where the journal is about another."""
        current = self.current()
        if current is None or current.delivery != delivery:
            self._current = current = Progress(delivery=delivery)
        return current

    def current(self) -> Progress | None:
        """What is journalled, whichever delivery it is about. Raises Broken where it can't be read:
        an act that was begun must not be forgotten."""
        if self._current is None and self.file.exists():
            try:
                data = json.loads(self.file.read_bytes())
                self._current = Progress(**{**data, "intent": Intent(data["intent"])})
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise Broken(
                    place=str(self.file),
                    found=f"no journal: {type(error).__name__}: {error}",
                    expected="the JSON that the agent wrote there",
                    next_step="remove the file: the delivery then starts from its first step",
                ) from error
        return self._current

    def keep(self, progress: Progress) -> Progress:
        if progress != self._current:
            write_whole(self.file, json.dumps(asdict(progress)).encode())
            self._current = progress
        return progress
