"""Evaluating conditions within limits: each is true, false, or could not be decided.

The library bounds iterations and nesting, but not what a single step may cost: nine sums of a
string with itself take gigabytes, and ten thousand large regular expressions minutes. So they are
evaluated in a child process with a limit on memory and on CPU.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

# Of waiting, for a machine that is too busy to give the child its CPU seconds.
_PATIENCE = 120.0
_LONGEST = 300


class Answer(NamedTuple):
    """``value`` is None where it could not be decided, and ``problem`` says why."""

    value: bool | None
    problem: str


def decide(expressions: Sequence[str], data: Mapping[str, Any]) -> tuple[Answer, ...]:
    """One answer for each expression, in their order; ``data`` holds JSON's values by variable.

    NaN compares as false, so that ``!(x < 0.9)`` would hold: data with a number that isn't finite
    decides nothing.
    """
    answers: list[Answer] = []
    while len(answers) < len(expressions):
        rest = expressions[len(answers) :]
        try:
            asked = json.dumps({"expressions": rest, "data": data}, allow_nan=False)
        except ValueError as error:
            return (Answer(None, f"its data can't be used: {error}"),) * len(expressions)
        found, end = _ask(asked.encode())
        answers += found[: len(rest)]
        if len(found) < len(rest):
            answers.append(Answer(None, end))
    return tuple(answers)


def _ask(asked: bytes) -> tuple[list[Answer], str]:
    """What a child answers before it ends, and how it ended."""
    # -P: nothing is imported from where the process stands, which a change under judgement fills.
    argv = [sys.executable, "-P", "-m", "mlci.expressions.child"]
    try:
        ended = subprocess.run(argv, input=asked, capture_output=True, timeout=_PATIENCE)
        said, code, error = ended.stdout, ended.returncode, ended.stderr
    except subprocess.TimeoutExpired as expired:
        said, code, error = expired.stdout or b"", 0, b"no answer in time"
    found = [answer for line in said.splitlines() if (answer := _answer(line)) is not None]
    return found, _end(code, error)


def _answer(line: bytes) -> Answer | None:
    try:
        value, problem = json.loads(line)
    except ValueError:  # cut off where the child died
        return None
    return Answer(value if isinstance(value, bool) else None, str(problem)[:_LONGEST])


def _end(code: int, error: bytes) -> str:
    if code < 0:
        return f"its evaluation was ended by signal {-code}: too much CPU or memory"
    last = error.decode(errors="replace").strip().splitlines()
    return f"its evaluation ended early: {last[-1] if last else f'exit code {code}'}"[:_LONGEST]
