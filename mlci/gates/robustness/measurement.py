"""All that judging the robustness gate needs: of the perturbed rows, how many flipped."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlci.gates.parts.merging import each
from mlci.records.perturbation import PerturbationKind
from mlci.statistics.sums import Sums, of_cells

# A perturbed row is in cell 2 * (the candidate flips) + (the champion flips).
CELLS = 4
NO_CHAMPION = "there is no champion"


@dataclass(frozen=True, kw_only=True)
class Flips:
    """``sums`` over the CELLS of the rows that one perturbation changed; without a champion it
    never flips. ``error`` and ``champion_error`` say why all, or the champion's part, can't be
    judged."""

    sums: Sums
    error: str = ""
    champion_error: str = ""

    def __add__(self, other: "Flips") -> "Flips":
        """Of the rows of both; an error of one is an error of all."""
        if error := _first(self.error, other.error):
            return failed(error)
        return Flips(
            sums=self.sums + other.sums,
            champion_error=_first(self.champion_error, other.champion_error),
        )


@dataclass(frozen=True, kw_only=True)
class RobustnessMeasurement:
    """The flips under each perturbation. Measurements of disjoint rows (of whole clusters) merge
    to that of all of them, in any order."""

    flips: Mapping[PerturbationKind, Flips]

    def __add__(self, other: "RobustnessMeasurement") -> "RobustnessMeasurement":
        """ValueError where the two are of other perturbations."""
        return RobustnessMeasurement(flips=each(self.flips, other.flips))

    @property
    def complete(self) -> bool:
        """Whether nothing went wrong."""
        return all(
            not found.error and found.champion_error in ("", NO_CHAMPION)
            for found in self.flips.values()
        )


def failed(error: str) -> Flips:
    """Of a perturbation that the candidate could not be asked under."""
    return Flips(sums=of_cells(np.zeros(0, np.intp), CELLS), error=error)


def _first(*errors: str) -> str:
    """One of the errors, whichever order they come in; "" where there is none."""
    return min(filter(None, errors), default="")
