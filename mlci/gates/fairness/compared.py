"""The groups of one judgement, compared pair by pair: what rates and errors have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlci.records.judgement import LimitKind, Planned
from mlci.statistics.fairness import Pair
from mlci.statistics.pair_table import Kind


@dataclass(frozen=True, kw_only=True)
class Compared:
    """``groups`` are the rows of the judgement's details, one a name; ``n`` the rows of all.

    ``detectable`` and ``needed`` say of the widest pair what its rows can show, and how many rows,
    in today's proportions, would decide.
    """

    names: Sequence[str]
    n: int
    pairs: Sequence[Pair]
    groups: Sequence[Mapping[str, Any]]
    detectable: Callable[[Pair], float | None]
    needed: Callable[[Pair], int | None]


def kind_of(planned: Planned) -> Kind:
    return "ratio" if planned.limit.kind is LimitKind.MINIMUM_RATIO else "difference"
