"""Groups' mean losses, or roots of these, with their covariance: what pairs are made of."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array

from mlci.statistics.sums import Floats, Sums

Form = Literal["mean", "root"]
Codes = NDArray[np.integer[Any]]


@dataclass(frozen=True, kw_only=True)
class GroupLosses:
    """``sums`` of [groups, columns]: weight, the candidate's loss and, where ``paired``, the
    champion's. ``third`` [groups, models, 4]: sums over units of l^3, l^2 w, l w^2 and w^3, from
    which the skewness of each mean follows; a unit that spans groups counts in each by itself."""

    groups: int
    form: Form
    paired: bool
    sums: Sums = field(repr=False)
    third: Floats = field(repr=False)

    def __add__(self, other: "GroupLosses") -> "GroupLosses":
        if (self.groups, self.form, self.paired) != (other.groups, other.form, other.paired):
            raise ValueError("losses of other groups, metrics or models don't add up")
        return replace(self, sums=self.sums + other.sums, third=self.third + other.third)

    def among(self, places: NDArray[np.integer[Any]], groups: int) -> "GroupLosses":
        """Over more groups, of which the k-th here is the ``places[k]``-th; the others have no
        rows."""
        width = 2 + self.paired
        columns = (places[:, None] * width + np.arange(width)).ravel()
        third = np.zeros((groups, *self.third.shape[1:]))
        third[places] = self.third
        sums = self.sums.placed(columns, groups * width)
        return replace(self, groups=groups, sums=sums, third=third)


@dataclass(frozen=True, kw_only=True)
class Means:
    """Of the groups in order (two models: the candidate's, then the champion's), each [m]: the
    metric, the equal units that it rests on, and the third moment of what units add to it;
    ``covariance`` [m, m]. NaN of 0 units where a group has no weight."""

    value: Floats
    units: Floats
    cubes: Floats
    covariance: Floats


def group_losses(
    codes: Codes,
    candidate: ArrayLike,
    champion: ArrayLike | None = None,
    *,
    groups: int,
    form: Form = "mean",
    weight: ArrayLike | None = None,
    cluster: Codes | None = None,
) -> GroupLosses:
    """Sums of losses [n] (see ``values.row_losses``) by group codes [n]. ValueError if a loss
    isn't finite."""
    losses = [np.asarray(each, float) for each in (candidate, champion) if each is not None]
    if not all(np.all(np.isfinite(each)) for each in losses):
        raise ValueError("a loss isn't finite")
    w = np.ones(len(codes)) if weight is None else np.asarray(weight, float)
    columns = [w, *(w * each for each in losses)]
    parts, at, unit = columns, np.asarray(codes), None
    if cluster is not None:
        # One entry a cluster and group; rows of a cluster within a group are added up.
        _, dense = np.unique(cluster, return_inverse=True)
        pair, entry = np.unique(dense.astype(np.int64) * groups + codes, return_inverse=True)
        parts = [np.bincount(entry, weights=each, minlength=pair.size) for each in columns]
        at, unit = pair % groups, pair // groups
    third = [
        [
            np.bincount(at, weights=own**power * parts[0] ** (3 - power), minlength=groups)
            for power in (3, 2, 1, 0)
        ]
        for own in parts[1:]
    ]
    sums = Sums(
        values=_by_group(parts, at, groups).ravel(),
        cross=_cross(parts, at, unit, groups),
        cubes=_by_group([np.abs(each) ** 3 for each in parts], at, groups).ravel(),
        rows=len(codes),
        clusters=None if unit is None else int(unit.max(initial=-1)) + 1,
        weighted=weight is not None,
    )
    return GroupLosses(
        groups=groups,
        form=form,
        paired=champion is not None,
        sums=sums,
        third=np.moveaxis(np.asarray(third, float), 2, 0),
    )


def means(losses: GroupLosses) -> Means:
    """The candidate's metric of each group, then the champion's where there is one."""
    models = 1 + losses.paired
    columns = losses.sums.values.reshape(losses.groups, 1 + models)
    weight = columns[:, 0]
    there = weight > 0.0
    safe = np.where(there, weight, 1.0)
    inner = np.where(there, columns[:, 1:].T / safe, np.nan)  # [models, groups]
    value = np.sqrt(inner) if losses.form == "root" else inner
    slope = np.ones_like(inner)
    if losses.form == "root":
        slope = np.divide(0.5, value, out=np.zeros_like(value), where=value > 0.0)
    gradients = np.zeros((models, losses.groups, losses.groups, 1 + models))
    each = np.arange(losses.groups)
    for model in range(models):
        scale = np.where(there, slope[model] / safe, 0.0)
        gradients[model, each, each, 0] = -np.where(there, inner[model], 0.0) * scale
        gradients[model, each, each, 1 + model] = scale
    flat = gradients.reshape(models * losses.groups, -1)
    squares = losses.sums.cross.diagonal().reshape(losses.groups, 1 + models)[:, 0]
    kish = np.divide(weight**2, squares, out=np.zeros_like(weight), where=squares > 0.0)
    terms = np.stack([np.ones_like(inner), -3.0 * inner, 3.0 * inner**2, -(inner**3)], axis=2)
    cubes = (terms * np.moveaxis(losses.third, 0, 1)).sum(axis=2) * (slope / safe) ** 3
    return Means(
        value=value.ravel(),
        units=np.tile(kish, models),
        cubes=cubes.ravel(),
        covariance=losses.sums.covariance(flat),
    )


def _by_group(parts: Sequence[Floats], at: Codes, groups: int) -> Floats:
    sums = [np.bincount(at, weights=each, minlength=groups) for each in parts]
    return np.asarray(np.stack(sums, axis=1), float)


def _cross(parts: Sequence[Floats], at: Codes, unit: Codes | None, groups: int) -> Any:
    """Products of the columns, summed over units: of different groups only where units span
    groups."""
    width = len(parts)
    if unit is not None:
        places = at[None, :] * width + np.arange(width)[:, None]
        entries = (np.concatenate(parts), (np.tile(unit, width), places.ravel()))
        table = csr_array(coo_array(entries, shape=(int(unit.max()) + 1, groups * width)))
        return csr_array(table.T @ table)
    each = np.arange(groups) * width
    blocks = [
        (np.bincount(at, weights=parts[i] * parts[j], minlength=groups), each + i, each + j)
        for i in range(width)
        for j in range(width)
    ]
    data, down, along = (np.concatenate(column) for column in zip(*blocks, strict=True))
    return csr_array(coo_array((data, (down, along)), shape=(groups * width,) * 2))
