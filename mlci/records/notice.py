"""What the agent leaves in the cluster about a pod template: its admission, and what it began.

It lies in the ConfigMap of the model under the template's digest. Pods read the outcome before they
start; the agent itself reads the rest after a restart, so that it needs no memory of its own.
"""

import json
import math
from dataclasses import dataclass

from mlci.records.answer import Answer

LONGEST = 300  # characters of a reason: a ConfigMap holds 1 MiB


@dataclass(frozen=True, kw_only=True)
class Notice:
    """``delivery`` is the id of the delivery that it is about.

    ``since`` is when its traffic began to count, ``started`` when its deadline began to run, both
    in seconds of Prometheus's clock; None where that could not be asked.
    """

    outcome: Answer
    reason: str
    delivery: str
    since: float | None = None
    started: float | None = None

    def __post_init__(self) -> None:
        """What is left is what is read again."""
        object.__setattr__(self, "reason", self.reason[:LONGEST])


def to_text(notice: Notice) -> str:
    """The same notice gives the same text."""
    said = {
        "outcome": notice.outcome.value,
        "reason": notice.reason,
        "delivery": notice.delivery,
        "since": notice.since,
        "started": notice.started,
    }
    return json.dumps(said, sort_keys=True, allow_nan=False)


def from_text(text: str) -> Notice | None:
    """None for what the agent did not write."""
    try:
        said = json.loads(text)
        return Notice(
            outcome=Answer(said["outcome"]),
            reason=str(said["reason"]),
            delivery=str(said["delivery"]),
            since=_moment(said["since"]),
            started=_moment(said["started"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _moment(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise ValueError(f"{value!r} is no moment")
