"""Rows in clusters and with weights, drawn many times at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.statistics.sums import Sums

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Design:
    """``clusters`` of ``rows`` rows each on average, sizes equal or lognormal; ``alike`` is the
    correlation of two rows of a cluster."""

    clusters: int
    rows: int
    alike: float
    equal: bool = True

    @property
    def name(self) -> str:
        sizes = "equal" if self.equal else "unequal"
        return f"{self.clusters} {sizes} clusters of {self.rows}, correlation {self.alike:g}"

    @property
    def sizes(self) -> NDArray[np.int64]:
        if self.equal:
            return np.full(self.clusters, self.rows)
        spread = np.random.default_rng(3).normal(size=self.clusters)
        return np.maximum(np.round(self.rows * np.exp(spread)), 1).astype(np.int64)

    def tables(self, chances: Floats, runs: int, random: np.random.Generator) -> Floats:
        """[runs, clusters, cells]: counts of cells that occur with ``chances`` [cells]."""
        sizes = self.sizes
        if self.alike == 0.0:
            return random.multinomial(sizes, chances, size=(runs, sizes.size)).astype(float)
        shape = chances * (1.0 - self.alike) / self.alike
        drawn = random.standard_gamma(shape, size=(runs, sizes.size, chances.size))
        total = drawn.sum(axis=2, keepdims=True)
        # Where every part underflows the cluster is all of one cell.
        some = random.choice(chances.size, p=chances, size=(runs, sizes.size))
        own = np.where(total > 0.0, drawn / np.maximum(total, 1e-300), np.eye(chances.size)[some])
        return random.multinomial(np.broadcast_to(sizes, own.shape[:2]), own).astype(float)


GRID = tuple(
    Design(clusters=clusters, rows=rows, alike=alike, equal=equal)
    for clusters, rows in ((10, 50), (10, 1000), (30, 50), (200, 50), (200, 1000))
    for alike in (0.0, 0.1, 0.5)
    for equal in (True, False)
)


def sums_of_clusters(units: Floats) -> Sums:
    """Of one drawn table [clusters, cells]."""
    return Sums(
        values=units.sum(axis=0),
        cross=units.T @ units,
        cubes=(units**3).sum(axis=0),
        rows=int(units.sum()),
        clusters=len(units),
    )


def sums_of_weights(cells: NDArray[Any], weight: Floats, size: int) -> Sums:
    """Of independent rows [n] in ``cells``, each with its weight."""
    first, second, third = (
        np.bincount(cells, weights=weight**power, minlength=size) for power in (1, 2, 3)
    )
    return Sums(values=first, cross=np.diag(second), cubes=third, rows=cells.size, weighted=True)
