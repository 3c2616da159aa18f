"""One class an exit code; a message says place, found, expected, next step.

The exit code lives on the class, so that a command never translates by hand.
"""

from typing import ClassVar


class MlciError(Exception):
    """A problem a person can act on: printed as one line, never as a traceback.

    ``place`` is ``path:line:column``, a path, a revision or a URL.
    """

    exit_code: ClassVar[int]

    def __init__(self, *, place: str, found: str, expected: str, next_step: str = "") -> None:
        self.place = place
        self.found = found
        self.expected = expected
        self.next_step = next_step
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [self.found, f"expected {self.expected}"]
        if self.next_step:
            parts.append(self.next_step)
        return f"{self.place}: " + "; ".join(parts)


class BadInput(MlciError):
    """Bad usage, or bad text in a manifest, a policy or the project file."""

    exit_code = 2


class Undecided(MlciError):
    """INCONCLUSIVE, UNKNOWN or HELD: there is not enough to decide on."""

    exit_code = 3


class Conflict(MlciError):
    """Somebody's newer change stands in the way; nothing was done."""

    exit_code = 4


class Broken(MlciError):
    """An artifact that is missing or not the one named, a crash, a server out of reach."""

    exit_code = 5


class Invalid(BadInput):
    """Several problems found in one reading; each is an error of its own."""

    def __init__(self, problems: tuple[MlciError, ...]) -> None:
        self.problems = problems
        first = problems[0]
        super().__init__(
            place=first.place,
            found=first.found,
            expected=first.expected,
            next_step=first.next_step,
        )

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems) if self.problems else ""
