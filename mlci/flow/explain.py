"""Says each thing once: a line when it changes, not a line a round."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Explain:
    """``about`` is what the lines are about."""

    about: str
    say: Callable[[str], None]
    _said: str = ""

    def __call__(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self.say(f"{self.about}: {text}")
