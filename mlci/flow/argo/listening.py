"""``/admission/…`` and ``/analysis/…``: what Argo's analyses ask of the agent."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from mlci.flow.argo.answers import Said, Table
from mlci.records.answer import Answer

# An agent whose rounds hang knows nothing any more.
STALE = 60.0  # seconds
_PATH = re.compile(
    r"/(admission|analysis)/([a-z0-9-]{1,40})/([a-z0-9-]{1,40})/(sha256:[0-9a-f]{64})"
)


def listening(
    environment: str, table: Callable[[], Table]
) -> Callable[[str], Mapping[str, Any] | None]:
    """Answers a path, or None for one that is no question of this environment's."""

    def answer(path: str) -> Mapping[str, Any] | None:
        asked = _PATH.fullmatch(path)
        if asked is None or asked[2] != environment:
            return None
        now = table()
        said = getattr(now.of(asked[3], asked[4]), asked[1])
        age = time.monotonic() - now.at
        if age > STALE:
            why = f"the agent has not ended a round for {age:.0f} s"
            said = Said(answer=Answer.UNKNOWN, reason=why)
        return {
            "outcome": said.answer.value,
            "reason": said.reason,
            "environment": environment,
            "model": asked[3],
            "digest": asked[4],
        }

    return answer
