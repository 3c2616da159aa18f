"""A pod waits for its admission: a file that the agent leaves in the cluster.

The agent isn't asked: one that is down must not keep pods from starting. The file's name is the
digest of the pod template, its content ``{"outcome": …, "reason": …}``.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from mlci.errors import Undecided
from mlci.records.answer import Answer

_POLL = 1.0  # seconds


def wait_for_admission(
    folder: Path, template: str, patience: float, say: Callable[[str], None]
) -> Answer:
    """The outcome, once it is HEALTHY or WATCHING (admitted) or REGRESSED (it never will be, unless
    a person says so). ``say`` is told why it waits, each time the reason changes.

    Raises Undecided after ``patience`` seconds.
    """
    end = time.monotonic() + patience
    told = ""
    while True:
        answer, why = _read(folder / template)
        if answer is not None and (answer.admits or answer is Answer.REGRESSED):
            say(why)
            return answer
        if why != told:
            say(f"waiting: {why}")
            told = why
        if time.monotonic() + _POLL > end:
            raise Undecided(
                place=str(folder / template),
                found=why,
                expected="an admission by the agent of this environment",
                next_step="see what `mlci status` says of the release",
            )
        time.sleep(_POLL)


def _read(file: Path) -> tuple[Answer | None, str]:
    """None for what isn't there yet, or is no answer: nothing but an answer admits."""
    try:
        said = json.loads(file.read_bytes())
        answer = Answer(said["outcome"])
    except FileNotFoundError:
        return None, "no admission yet"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return None, f"no answer in the admission: {type(error).__name__}"
    reason = said.get("reason")
    return answer, f"{answer}: {reason}" if isinstance(reason, str) and reason else str(answer)
