"""Traffic without a proxy: the counts that a scrape would show, from a seeded generator."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from mlci.records.outcome import Health
from mlci.records.policy import Watch
from mlci.records.traffic import ArmCounts, Scrape
from mlci.watch.judge import Assessment, assess
from mlci.watch.watching import Watching

CANARY, STABLE = "sha256:canary", "sha256:stable"


@dataclass
class Server:
    """Answers log-normally (``median`` seconds) or fails at once with probability ``errors``.

    ``tail`` is the share of answers that take half a second longer.
    """

    errors: float = 0.005
    median: float = 0.030
    spread: float = 0.5
    tail: float = 0.0
    started: int = 0
    ended: int = 0
    failed: int = 0
    within: np.ndarray = field(default_factory=lambda: np.zeros(0, int))

    def serve(self, n: int, edges: tuple[float, ...], random: np.random.Generator) -> None:
        failed = int(random.binomial(n, min(1.0, self.errors)))
        times = random.lognormal(np.log(self.median), self.spread, n)
        if self.tail:
            times[random.random(n) < self.tail] += 0.5
        within = np.array([int(np.sum(times <= edge)) for edge in edges])
        self.within = within + (self.within if self.within.size else 0)
        self.started, self.ended = self.started + n, self.ended + n
        self.failed += failed

    def counts(self, edges: tuple[float, ...]) -> ArmCounts:
        return counts(
            started=self.started,
            ended=self.ended,
            failed=self.failed,
            buckets=tuple(zip(edges, map(int, self.within), strict=True)),
        )


def counts(
    started: int,
    ended: int | None = None,
    completed: int | None = None,
    failed: int = 0,
    buckets: tuple[tuple[float, int], ...] = (),
) -> ArmCounts:
    ended = started if ended is None else ended
    completed = ended if completed is None else completed
    return ArmCounts(
        started=started,
        ended=ended,
        completed=completed,
        failed=failed,
        active=started - ended,
        buckets=buckets,
        codes={200: completed - failed, 500: failed},
    )


@dataclass
class Run:
    """One watch: when it ended (seconds), and what was said then."""

    time: float
    assessment: Assessment
    certified: bool


def run(
    seed: int,
    canary: Server,
    stable: Server | None,
    *,
    watch: Watch | None = None,
    rate: float = 200.0,
    every: float = 5.0,
    seconds: float = 600.0,
    weight: Callable[[float], float] = lambda time: 0.05 if time < 120 else 0.25,
    drift: Callable[[float], float] = lambda time: 1.0,
    stop_when_certified: bool = False,
) -> Run:
    """Scrapes until REGRESSED or the end; ``drift`` multiplies both arms' error rate."""
    random = np.random.default_rng(seed)
    watch = watch or Watch()
    own = (canary.errors, stable.errors if stable else 0.0)
    watching = Watching.start(watch, canary=CANARY, stable=STABLE if stable else None)
    time, certified, said = 0.0, False, None
    while time <= seconds:
        share = weight(time) if stable else 1.0
        canary.errors = own[0] * drift(time)
        canary.serve(int(random.poisson(rate * every * share)), watch.latency, random)
        arms = {CANARY: canary.counts(watch.latency)}
        if stable:
            stable.errors = own[1] * drift(time)
            stable.serve(int(random.poisson(rate * every * (1 - share))), watch.latency, random)
            arms[STABLE] = stable.counts(watch.latency)
        watching = watching.observe(Scrape(time=time, arms=arms))
        said = assess(watching)
        certified = certified or said.certified
        if said.health is Health.REGRESSED or (stop_when_certified and said.certified):
            break
        time += every
    return Run(time=time, assessment=said, certified=certified)


@pytest.fixture
def traffic():
    return run


@pytest.fixture
def server():
    return Server


@pytest.fixture
def arm():
    return counts
