"""By how much the shares of two counts scatter more than counting alone makes them.

Scrapes are looked at one by one and in blocks of 4, a minute of scrapes that are 15 s apart: what
keeps together for as long shows only there. Longer blocks would take harm that begins late for
scatter. A block's misfit about a ratio r is its squared Pearson residual, given how many events it
has; over many blocks it averages 1 about the true ratio, where counts are clean (McCullagh and
Nelder 1989, 9.2).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mlci.statistics.proportions import Floats

BLOCKS = (1, 4)
_SPAN = math.asinh(math.log(100.0) / 0.3)
LOG_RATIOS = 0.3 * np.sinh(np.linspace(-_SPAN, _SPAN, 129))
# So many blocks without scatter are taken for seen at the start.
_CALM = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Scatter:
    """``misfits``: summed over closed blocks, by length of block and ratio. ``under_way``: counts
    (events of both arms, then requests) of the block of each length that isn't closed."""

    scrapes: int = 0
    misfits: Floats = field(
        default_factory=lambda: np.zeros((len(BLOCKS), LOG_RATIOS.size)), repr=False
    )
    under_way: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((len(BLOCKS), 4), np.int64), repr=False
    )

    def update(self, counts: tuple[int, int, int, int]) -> "Scatter":
        """One more scrape: events of canary and stable, at least one of them, and requests."""
        scrapes, misfits = self.scrapes + 1, self.misfits.copy()
        under_way = self.under_way + np.array(counts, np.int64)
        for k, length in enumerate(BLOCKS):
            if scrapes % length == 0:
                misfits[k] += _misfit(*under_way[k].tolist())
                under_way[k] = 0
        return Scatter(scrapes=scrapes, misfits=misfits, under_way=under_way)

    @property
    def dispersion(self) -> float:
        """At least 1: the largest over all lengths of (5 + misfit about the ratio that fits best) /
        (5 + closed blocks)."""
        closed = np.array([self.scrapes // length for length in BLOCKS])
        return max(1.0, float(np.max((_CALM + _least(self.misfits)) / (_CALM + closed))))

    def to_dict(self) -> dict[str, Any]:
        """JSON data; ``from_dict`` gives the same state back."""
        return {
            "scrapes": self.scrapes,
            "misfits": self.misfits.tolist(),
            "underWay": self.under_way.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Scatter":
        """ValueError where the data isn't a state's; KeyError where a field is missing."""
        misfits = np.asarray(data["misfits"], float)
        under_way = np.asarray(data["underWay"], np.int64)
        fresh = cls()
        if misfits.shape != fresh.misfits.shape or under_way.shape != fresh.under_way.shape:
            raise ValueError("the scatter doesn't have this version's blocks and ratios")
        if not np.all(np.isfinite(misfits)):
            raise ValueError("a misfit isn't a number")
        return cls(scrapes=int(data["scrapes"]), misfits=misfits, under_way=under_way)


def _misfit(events_canary: int, events_stable: int, n_canary: int, n_stable: int) -> Floats:
    odds = LOG_RATIOS + math.log(n_canary / n_stable)
    share, rest = np.exp(-np.logaddexp(0.0, -odds)), np.exp(-np.logaddexp(0.0, odds))
    events = events_canary + events_stable
    misfit: Floats = (events_canary - events * share) ** 2 / (events * share * rest)
    return misfit


def _least(misfits: Floats) -> Floats:
    """The lowest point between ratios, by the parabola through the lowest one and its neighbours:
    with a million events two neighbours are far apart."""
    at = np.clip(misfits.argmin(axis=1), 1, LOG_RATIOS.size - 2)
    before, here, after = (misfits[np.arange(len(BLOCKS)), at + step] for step in (-1, 0, 1))
    bend = before - 2.0 * here + after
    below = (before - after) ** 2 / (8.0 * np.where(bend > 0.0, bend, np.inf))
    least: Floats = np.clip(here - below, 0.0, misfits.min(axis=1))
    return least
