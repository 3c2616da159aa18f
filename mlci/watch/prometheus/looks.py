"""Raw samples -> the looks of a watch: a pure function, so that who starts anew sees the same.

The looks lie on a grid of Prometheus's own clock that begins just before the canary's first
sample; nothing depends on when, how often or by which process it was asked. Both arms are counted
up to the same moment. Where a process that counts for either of them could not be scraped, the
look is missing for both and the next one spans it; one that stays away is gone.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from mlci.records.traffic import ArmCounts, Scrape
from mlci.watch.prometheus.series import ArmSeries, Numbers, Series, counted, latest

# In looks: after how many without a sample a process is missing, and after how many it is gone.
MISSING, GONE = 2, 5
# In looks: how far before the first one samples are wanted, so that what is new can be told.
BEFORE = 8


def begin(canary: ArmSeries, *, since: float, every: float) -> float | None:
    """The time of the first look: one look before the canary's first sample after ``since``.

    None while there is none: nothing can be seen.
    """
    firsts = [series.times[series.times >= since][:1] for series in canary.all]
    times = np.concatenate([*firsts, np.zeros(0)])
    return float(times.min()) - every if times.size else None


def grid(start: float, *, until: float, every: float) -> tuple[float, ...]:
    """The looks that are over: samples of the newest may still be on their way for one more."""
    return tuple(start + k * every for k in range(int((until - start) // every)))


def looks(
    arms: Mapping[str, ArmSeries],
    times: Sequence[float],
    *,
    every: float,
    instance: Sequence[str],
) -> tuple[Scrape | None, ...]:
    """One for each of ``times``, by the arms' identities; None where both arms are held."""
    if not times:
        return ()
    known_from = _known_from(arms.values(), every)
    counts = {
        identity: _counts(series, times, known_from=known_from, every=every)
        for identity, series in arms.items()
    }
    ages = {
        identity: np.array([_age(seen, times) for seen in _instances(series, instance)])
        for identity, series in arms.items()
    }
    all_ages = np.concatenate([age.reshape(-1, len(times)) for age in ages.values()])
    missing = (all_ages > MISSING * every) & (all_ages <= GONE * every)
    held: npt.NDArray[np.bool_] = np.logical_or.reduce(missing, axis=0)
    return tuple(
        None
        if held[k]
        else Scrape(
            time=time,
            arms={
                identity: counts[identity][k]
                for identity, age in ages.items()
                if age.size and (age[:, k] <= MISSING * every).any()
            },
        )
        for k, time in enumerate(times)
    )


def _known_from(arms: Iterable[ArmSeries], every: float) -> float:
    firsts = [float(series.times[0]) for arm in arms for series in arm.all if series.times.size]
    return min(firsts, default=0.0) + MISSING * every


def _instances(arm: ArmSeries, instance: Sequence[str]) -> list[Numbers]:
    """The times at which each process that counts for the arm was scraped."""
    seen: dict[tuple[str, ...], list[Numbers]] = {}
    for series in arm.all:
        name = tuple(series.labels.get(label, "") for label in instance)
        seen.setdefault(name, []).append(series.times)
    return [np.unique(np.concatenate(times)) for times in seen.values()]


def _age(seen: Numbers, times: Sequence[float]) -> Numbers:
    """How long ago the process was seen last, infinite before its first sample."""
    before = np.searchsorted(seen, times, side="right")
    newest = np.concatenate(([-np.inf], seen))[before]
    age: Numbers = np.asarray(times) - newest
    return age


def _counts(
    arm: ArmSeries, times: Sequence[float], *, known_from: float, every: float
) -> list[ArmCounts]:
    def total(found: Iterable[tuple[float, Series]]) -> dict[float, Numbers]:
        sums: dict[float, Numbers] = {}
        for key, series in found:
            one = counted(series, times, known_from=known_from)
            sums[key] = sums[key] + one if key in sums else one
        return sums

    nothing = np.zeros(len(times))
    codes, edges = total(arm.requests), total(arm.buckets)
    active = sum((latest(each, times, within=MISSING * every) for each in arm.active), nothing)
    ended = sum(codes.values(), nothing)
    # A process that is gone takes what it had in flight with it: they did start.
    started = np.maximum.accumulate(ended + active)
    return [
        ArmCounts(
            started=round(started[k]),
            ended=round(ended[k]),
            completed=sum(round(n[k]) for code, n in codes.items() if code),
            failed=sum(round(n[k]) for code, n in codes.items() if code >= 500),
            active=round(active[k]),
            buckets=tuple((edge, round(edges[edge][k])) for edge in sorted(edges)),
            codes={int(code): round(n[k]) for code, n in codes.items() if code},
        )
        for k in range(len(times))
    ]
