"""Says each thing once: a line when it changes, not a line a round."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Explain:
    """``about`` is what the lines are about."""

    about: str
    say: Callable[[str], None]
    _said: dict[str, str] = field(default_factory=dict)

    def __call__(self, text: str, *, topic: str = "") -> None:
        """Lines of one ``topic`` follow each other; the same line of another is no repetition.

        An empty text says nothing, but that the topic is over: its next line is said again.
        """
        if text != self._said.get(topic, ""):
            self._said[topic] = text
            if text:
                self.say(f"{self.about}: {text}")
