"""mlci: its own fold of looks, with a policy's defaults, over the simulated counts."""

import numpy as np
from canary.traffic import CANARY, EDGES, STABLE, Floats, Traffic

from mlci.flow.argo.looking import Folded
from mlci.records.policy import Watch
from mlci.records.prometheus import EVERY
from mlci.records.traffic import ArmCounts, Scrape
from mlci.watch.watching import Watching

NAMES = {CANARY: "canary", STABLE: "stable"}


def on_a_cluster(traffic: Traffic) -> Floats:
    """A look each 15 s, which is judged when the next one is over: samples of the newest may still
    be on their way. Minutes to REGRESSED by run; NaN where there is none."""
    assert traffic.every == EVERY
    return _regressed(traffic, wait=EVERY)


def embedded(traffic: Traffic) -> Floats:
    """The engine on one machine reads its proxy's counters each second, and judges at once."""
    assert traffic.every == 1.0
    return _regressed(traffic, wait=0.0)


def _regressed(traffic: Traffic, *, wait: float) -> Floats:
    # Without a histogram errors alone decide, as the agent has it.
    watch = Watch() if traffic.answers is not None else Watch(latency=())
    start = Watching.start(watch, canary=NAMES[CANARY], stable=NAMES[STABLE])
    minutes = np.full(traffic.runs, np.nan)
    for run in range(traffic.runs):
        folded = Folded(watching=start).further(_looks(traffic, run))
        if folded.harmful:
            minutes[run] = ((folded.looks - 1) * traffic.every + wait) / 60.0
    return minutes


def _looks(traffic: Traffic, run: int) -> tuple[Scrape, ...]:
    """The first one is where counting begins."""
    counts = {arm: _counts(traffic, run, arm) for arm in NAMES}
    return tuple(
        Scrape(
            time=look * traffic.every, arms={name: counts[arm][look] for arm, name in NAMES.items()}
        )
        for look in range(traffic.looks + 1)
    )


def _counts(traffic: Traffic, run: int, arm: int) -> list[ArmCounts]:
    requests = _total(traffic.requests[run, :, arm]).tolist()
    errors = _total(traffic.errors[run, :, arm]).tolist()
    buckets: list[tuple[tuple[float, int], ...]] = [()] * len(requests)
    if traffic.answers is not None:
        below = np.cumsum(_total(traffic.answers[run, :, arm]), axis=1).tolist()
        buckets = [tuple(zip(EDGES, each, strict=True)) for each in below]
    return [
        ArmCounts(
            started=ended,
            ended=ended,
            completed=ended,
            failed=failed,
            active=0,
            buckets=answered,
            codes={200: ended - failed, 500: failed},
        )
        for ended, failed, answered in zip(requests, errors, buckets, strict=True)
    ]


def _total(counts: np.ndarray) -> np.ndarray:
    """Cumulative, from nothing on."""
    return np.concatenate([np.zeros_like(counts[:1]), np.cumsum(counts, axis=0)])
