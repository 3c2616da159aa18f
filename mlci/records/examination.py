"""The exam after both models sat it: truth, answers, and what each row belongs to and is worth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.records.metric import BINARY


@dataclass(frozen=True, kw_only=True)
class Answers:
    """One model's answers, row for row.

    ``label`` [n] is of the truth's kind: bool (True = positive), int32 codes of classes, or
    float64 values. ``score`` are probabilities: [n] of the positive class, [n, classes], or None
    where the model gives none.
    """

    label: NDArray[Any] = field(repr=False)
    score: NDArray[np.floating[Any]] | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Groups:
    """One grouping as codes: ``codes`` [n], of a small integer type, into ``levels``."""

    codes: NDArray[np.integer[Any]] = field(repr=False)
    levels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Examination:
    """``truth`` [n]: bool in a binary task, int32 codes into ``classes`` in a multiclass one,
    float64 in a regression. ``champion`` is None where nothing is to be compared; ``anchors`` are
    the answers of older releases, by version, that some policy compares with too. ``weight``
    float64 [n] is what a row counts, ``cluster`` int32 [n] which rows belong together; None where
    every row counts once, and is independent. ``groups`` by the keys of their groupings.
    """

    truth: NDArray[Any] = field(repr=False)
    candidate: Answers
    champion: Answers | None
    groups: Mapping[str, Groups]
    anchors: Mapping[str, Answers] = field(default_factory=dict)
    task: str = BINARY
    classes: tuple[str, ...] = ()
    weight: NDArray[np.float64] | None = field(default=None, repr=False)
    cluster: NDArray[np.int32] | None = field(default=None, repr=False)

    @property
    def rows(self) -> int:
        return int(self.truth.shape[0])

    @property
    def simple(self) -> bool:
        """Whether every row counts once and is independent of the others."""
        return self.weight is None and self.cluster is None
