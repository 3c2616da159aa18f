"""Sums over rows and how they vary: all that a smooth metric needs of weighted or clustered data.

A metric that is a smooth function f of sums of row quantities (cells of a table, losses, squares)
varies, to first order, as its gradient g times the sums do. Rows of one cluster (a person, a
device, a day) are not independent, so the unit is the cluster, and Var f = g' (sum over units of
S_u S_u') g with S_u the unit's own sums (linearisation; Binder 1983). Methods made for tables of
independent rows stay in use: they are given a table shrunk by the design effect (Kish 1965; Korn &
Graubard 1998).

A variance seen in few units is itself a guess, and too small most often when events are rare or
units are unequal. Student's quantile stands for that, with degrees of freedom not of all units but
of those that bear what the metric counts (see ``degrees``).
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

Floats = NDArray[np.float64]

# A share this close to 0 or 1 is there: rounding of weights, not an event among 1e12 rows.
ROUNDING = 1e-13


@dataclass(frozen=True, kw_only=True)
class Sums:
    """``values`` [C]: sums over rows of weight times quantity. ``cross`` [C, C], dense or sparse:
    the sum over units of the outer product of each unit's sums. ``cubes`` [C]: the sum over units
    of the cubed size of each sum. ``rows`` counts rows, ``clusters`` clusters, None where each row
    is a unit by itself.

    Sums of disjoint sets of units add up to the sums of all of them.
    """

    values: Floats = field(repr=False)
    cross: Any = field(repr=False)
    cubes: Floats = field(repr=False)
    rows: int
    clusters: int | None = None
    weighted: bool = False

    def __add__(self, other: "Sums") -> "Sums":
        if (self.clusters is None) is not (other.clusters is None):
            raise ValueError("sums over clusters and sums over rows don't add up")
        clusters = None
        if self.clusters is not None and other.clusters is not None:
            clusters = self.clusters + other.clusters
        return Sums(
            values=self.values + other.values,
            cross=self.cross + other.cross,
            cubes=self.cubes + other.cubes,
            rows=self.rows + other.rows,
            clusters=clusters,
            weighted=self.weighted or other.weighted,
        )

    def placed(self, places: NDArray[np.integer[Any]], size: int) -> "Sums":
        """The same over ``size`` quantities, of which the k-th here is the ``places[k]``-th; the
        others are zero."""
        from scipy.sparse import csr_array

        shape = (size, places.size)
        into = csr_array((np.ones(places.size), (places, np.arange(places.size))), shape=shape)
        return replace(
            self,
            values=np.asarray(into @ self.values),
            cross=csr_array(into @ csr_array(self.cross) @ into.T),
            cubes=np.asarray(into @ self.cubes),
        )

    @property
    def simple(self) -> bool:
        """Whether every row counts once and is independent of the others."""
        return self.clusters is None and not self.weighted

    @property
    def units(self) -> int:
        return self.rows if self.clusters is None else self.clusters

    def covariance(self, gradients: ArrayLike) -> Floats:
        """Of the metrics with these gradients [m, C], each of degree 0 in the sums: [m, m].

        Infinite where one unit is all there is.
        """
        g = np.atleast_2d(np.asarray(gradients, float))
        if self.units < 2:
            return np.full((len(g), len(g)), np.inf)
        return np.asarray(g @ (self.cross @ g.T) * (self.units / (self.units - 1)))

    def variance(self, gradient: ArrayLike) -> float:
        """Of one metric; its gradient [C] is of degree 0: ``gradient @ values`` is zero."""
        return float(self.covariance(gradient)[0, 0])

    def degrees(self, gradient: ArrayLike) -> float:
        """Degrees of freedom of the variance of the metric with this gradient [C]; 0 or less where
        that variance can't be relied on at all.

        What pulls the metric up (of a rate, successes) and what pulls it down are looked at apart:
        units that bear s_u of it count as (sum s^2)^3 / (sum s^3)^2 equal ones, the number whose
        sum is as skewed. The fewer of the two, halved, less one: the simulation in
        docs/coverage.md is what the half comes from. Infinite for a metric that nothing pulls.
        """
        g = np.asarray(gradient, float)
        sides = [each for each in (np.maximum(g, 0.0), np.maximum(-g, 0.0)) if np.any(each)]
        return min((0.5 * self._bearing(each) - 1.0 for each in sides), default=np.inf)

    def _bearing(self, part: Floats) -> float:
        squares = float(part @ (self.cross @ part))
        # The cubes of a sum of cells are bounded by those of the cells (Minkowski).
        cubes = float(part @ np.cbrt(self.cubes)) ** 3
        return squares**3 / cubes**2 if cubes > 0.0 else 0.0

    def quantile(self, confidence: float, gradient: ArrayLike) -> float:
        """Of a metric of a table: Student's with ``degrees`` of freedom, infinite where there are
        none; where rows are ``simple`` the normal one, as their spread is known from the counts."""
        degrees = np.inf if self.simple else self.degrees(gradient)
        if degrees <= 0.0:
            return np.inf
        return float(ndtri(confidence) if degrees == np.inf else stdtrit(degrees, confidence))

    def effective_share(
        self, gradient: ArrayLike, among: NDArray[np.bool_], confidence: float
    ) -> float:
        """What one row is worth, in [0, 1]: the factor by which a table of ``rows`` rows shrinks.

        For a table (each row adds its weight to one cell of C): the variance that ``rows``
        independent rows of equal weight would have, over the variance there is, times
        (normal quantile / Student's)^2. But a unit is worth one row (Kish) at least: that holds
        however alike its rows are, and is all that is known where the metric doesn't vary in
        this sample (no error seen) or few units bear it. ``among`` bool [C] says which cells the
        metric looks at; 0 where they are empty.
        """
        if self.simple:
            return 1.0
        g, looked = np.asarray(gradient, float), np.asarray(among, float)
        total, weight = float(self.values.sum()), float(looked @ self.values)
        if weight <= 0.0:
            return 0.0
        counted = self.rows / total * weight  # rows that the metric looks at, at equal weights
        units = weight**2 / float(looked @ (self.cross @ looked))
        independent = total / self.rows * float(self.values @ (g * g))
        there, share = self.variance(g), 0.0
        varies = float(np.abs(g) @ np.abs(self.values)) > ROUNDING
        if varies and 0.0 < there < np.inf:
            share = independent / there * (ndtri(confidence) / self.quantile(confidence, g)) ** 2
        return min(max(share, units / counted), 1.0)

    def effective(self, gradient: ArrayLike, among: NDArray[np.bool_], confidence: float) -> Floats:
        """The table [C] of as many independent rows as tell as much about a metric: the values at
        equal weights, shrunk (see ``effective_share``). Its sum over ``among`` is the effective n.
        """
        per_row = self.rows / float(self.values.sum())
        return self.values * (per_row * self.effective_share(gradient, among, confidence))


def of_rows(
    quantities: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: NDArray[np.integer[Any]] | None = None,
) -> Sums:
    """Sums of ``quantities`` [n, C] with ``weight`` [n] and ``cluster`` codes [n] from 0."""
    x = np.asarray(quantities, float)
    if weight is not None:
        x = x * np.asarray(weight, float)[:, None]
    units, clusters = x, None
    if cluster is not None:
        sizes = np.bincount(cluster)
        clusters = int(np.count_nonzero(sizes))
        units = np.stack(
            [np.bincount(cluster, weights=column, minlength=sizes.size) for column in x.T], axis=1
        )
    return Sums(
        values=x.sum(axis=0),
        cross=units.T @ units,
        cubes=(np.abs(units) ** 3).sum(axis=0),
        rows=len(x),
        clusters=clusters,
        weighted=weight is not None,
    )


def of_counts(counts: NDArray[np.integer[Any]]) -> Sums:
    """Sums of a table of independent rows that count once: how many each cell [C] has."""
    from scipy.sparse import diags_array

    values = counts.astype(float)
    return Sums(values=values, cross=diags_array(values), cubes=values, rows=int(counts.sum()))


def of_cells(
    cells: NDArray[np.integer[Any]],
    size: int,
    *,
    weight: ArrayLike | None = None,
    cluster: NDArray[np.integer[Any]] | None = None,
) -> Sums:
    """Sums of a table: each row adds its weight to its cell, ``cells`` [n] in 0 .. size - 1.

    ``cross`` is a sparse matrix where there are clusters, and a diagonal one where there are none:
    its size depends on the cells that occur together, not on the rows.
    """
    from scipy.sparse import coo_array, csr_array, diags_array

    w = None if weight is None else np.asarray(weight, float)
    values = np.bincount(cells, weights=w, minlength=size)
    if cluster is None:
        if w is None:
            return of_counts(values)
        return Sums(
            values=values.astype(float),
            cross=diags_array(np.bincount(cells, weights=w * w, minlength=size)),
            cubes=np.bincount(cells, weights=w**3, minlength=size).astype(float),
            rows=len(cells),
            weighted=True,
        )
    _, dense = np.unique(cluster, return_inverse=True)
    ones = np.ones(len(cells)) if w is None else w
    clusters = int(dense.max()) + 1 if dense.size else 0
    units = csr_array(coo_array((ones, (dense, cells)), shape=(clusters, size)))
    return Sums(
        values=values.astype(float),
        cross=csr_array(units.T @ units),
        cubes=np.asarray(units.power(3).sum(axis=0), float),
        rows=len(cells),
        clusters=clusters,
        weighted=w is not None,
    )
