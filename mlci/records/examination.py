"""The exam after both models sat it: labels, answers, and the groups of each row."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Answers:
    """One model's answers, row for row: ``label`` bool [n] (True = positive), ``score`` float64 [n]
    (probability of the positive class), or None where the model gives none."""

    label: NDArray[np.bool_]
    score: NDArray[np.float64] | None


@dataclass(frozen=True, kw_only=True)
class Groups:
    """One column as codes: ``codes`` int32 [n] into ``levels``."""

    codes: NDArray[np.int32] = field(repr=False)
    levels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Examination:
    """``truth`` bool [n]; ``champion`` is None where nothing is to be compared."""

    truth: NDArray[np.bool_] = field(repr=False)
    candidate: Answers
    champion: Answers | None
    groups: Mapping[str, Groups]

    @property
    def rows(self) -> int:
        return int(self.truth.shape[0])
