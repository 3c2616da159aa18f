"""How a gate is taken apart: measured here, in as many shards as one likes, and judged there."""

from dataclasses import dataclass
from enum import Enum


class Shared(Enum):
    """What the shards of a measurement share out: the exam's rows, or repetitions of the same."""

    ROWS = "rows"
    REPETITIONS = "repetitions"


@dataclass(frozen=True, kw_only=True)
class Halves:
    """A gate's module says so as ``HALVES``.

    ``measurement`` is the frozen class that its ``measure`` returns. It adds up over shards by
    ``+``, in any order and grouping, to that of all of them; a file of it may hold the classes that
    its fields declare, and no others. ``by`` is None where it can't be shared out. ``judged`` are
    the parameters that only judging looks at: others decide what is measured.
    """

    measurement: type
    by: Shared | None = Shared.ROWS
    judged: frozenset[str] = frozenset()
