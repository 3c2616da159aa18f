"""Groups of two shards, brought into the one order that they have in the whole exam."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.groups import MOST_LEVELS

Codes = NDArray[np.int32]
Places = NDArray[np.intp]


class Grouped(Protocol):
    """``groups`` int32 [groups, columns] are codes into the levels of the whole exam, ascending."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def groups(self) -> Codes: ...


class Union(NamedTuple):
    """All groups of both, and where in them those of each are."""

    names: tuple[str, ...]
    groups: Codes
    one: Places
    other: Places


def united(one: Grouped, other: Grouped) -> Union:
    """Raises ValueError for groups by other columns, Broken above the most that are compared."""
    if one.groups.shape[1] != other.groups.shape[1]:
        raise ValueError("groups by other columns don't add up")
    codes = np.concatenate([one.groups, other.groups])
    groups, first, place = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    if len(groups) > MOST_LEVELS:
        raise Broken(
            place="the groups of all shards",
            found=f"{len(groups)} groups",
            expected=f"at most {MOST_LEVELS}",
            next_step="group by fewer or coarser columns",
        )
    names, places = (*one.names, *other.names), place.reshape(-1)
    return Union(
        names=tuple(names[at] for at in first),
        groups=groups.astype(np.int32),
        one=places[: len(one.names)],
        other=places[len(one.names) :],
    )
