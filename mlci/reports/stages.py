"""The stages of a delivery as lines for people."""

from collections.abc import Mapping, Sequence
from typing import Any


def described(stages: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line a stage, as plan and status have them: its number, what is in force, and what it
    waits for."""
    return [f"{each['step']}. {each['says']}; waits for {each['waitsFor']}" for each in stages]
