"""How rows of the exam are changed, to see whether the model's answer holds."""

from dataclasses import dataclass
from enum import StrEnum


class PerturbationKind(StrEnum):
    """NOISE: normal noise at the column's own scale. MISSING: the value is left out. SWAP: another
    value of the column."""

    NOISE = "noise"
    MISSING = "missing"
    SWAP = "swap"


@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """``amount`` is of NOISE the standard deviation in those of the column, else the share of
    each column's values that is changed."""

    kind: PerturbationKind
    columns: tuple[str, ...]
    amount: float
