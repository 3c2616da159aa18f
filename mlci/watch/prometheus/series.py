"""Raw samples of counters, and what they have counted by given times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """One time series: ``times`` in seconds of Prometheus's clock, ascending, with ``values``."""

    labels: Mapping[str, str]
    times: Numbers
    values: Numbers


@dataclass(frozen=True, kw_only=True)
class ArmSeries:
    """One arm's series: ended requests by status code, answers by upper edge in seconds, and the
    requests in flight."""

    requests: tuple[tuple[int, Series], ...]
    buckets: tuple[tuple[float, Series], ...] = ()
    active: tuple[Series, ...] = ()

    @property
    def all(self) -> tuple[Series, ...]:
        coded = (series for _, series in (*self.requests, *self.buckets))
        return (*coded, *self.active)


def counted(series: Series, grid: Sequence[float], *, known_from: float) -> Numbers:
    """What the counter has counted from ``grid[0]`` up to each time of the grid.

    A value that falls is a counter that began anew: its increment is the value itself. So is the
    first value of a series that was not there at ``known_from``, when Prometheus already saw
    others: its process, or this label of it, is new. A series that was there counted before.
    """
    if not series.times.size:
        return np.zeros(len(grid))
    steps = np.diff(series.values)
    steps = np.where(steps < 0.0, series.values[1:], steps)
    first = 0.0 if series.times[0] <= known_from else series.values[0]
    sums = np.concatenate(([0.0], np.cumsum(np.concatenate(([first], steps)))))
    at = sums[np.searchsorted(series.times, grid, side="right")]
    since: Numbers = at - at[0]
    return since


def latest(series: Series, grid: Sequence[float], *, within: float) -> Numbers:
    """A gauge's newest value at each time of the grid, 0 where it is older than ``within``."""
    if not series.times.size:
        return np.zeros(len(grid))
    before = np.searchsorted(series.times, grid, side="right") - 1
    age = np.asarray(grid) - series.times[before]
    there = (before >= 0) & (age <= within)
    found: Numbers = np.where(there, series.values[before], 0.0)
    return found
