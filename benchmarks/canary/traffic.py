"""Simulated counts of live traffic, as a Prometheus has them: a canary, stable, and a baseline.

All runs of a scenario are drawn at once. The baseline is a third server with stable's release and
the canary's weight, which Kayenta asks for; the others don't look at it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

CANARY, STABLE, BASELINE = 0, 1, 2
ARMS = 3
ERRORS = 0.005
MEDIAN, SPREAD = 0.030, 0.5
# Envoy's own upper edges of durations in seconds, as far as answers reach here.
EDGES = (0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


def steady(_: float) -> float:
    return 1.0


def tenth(_: float) -> float:
    return 0.1


def rising(done: float) -> float:
    """The canary's weight in three steps."""
    return 0.05 if done < 1 / 3 else 0.25 if done < 2 / 3 else 0.5


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """``rate`` requests a second; ``load`` and ``drift`` multiply it and both arms' error rate, and
    ``weight`` is the canary's share, each by the part of the time that is over.

    ``burst``: for so many seconds each server keeps an error rate of its own, beta-distributed with
    half of its mean as standard deviation (0: no bursts).
    """

    name: str
    rate: float
    load: Callable[[float], float] = field(default=steady)
    drift: Callable[[float], float] = field(default=steady)
    weight: Callable[[float], float] = field(default=tenth)
    burst: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with the canary: its error rate and its answers' durations, as multiples."""

    name: str
    errors: float = 1.0
    durations: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Counts between two looks that are ``every`` seconds apart, by run, look and server;
    ``answers`` by upper edge besides, None where durations aren't counted."""

    every: float
    requests: Counts
    errors: Counts
    answers: Counts | None

    @property
    def runs(self) -> int:
        return int(self.requests.shape[0])

    @property
    def looks(self) -> int:
        return int(self.requests.shape[1])

    def each(self, seconds: float) -> int:
        """So many looks are ``seconds``."""
        return round(seconds / self.every)

    def summed(self, seconds: float) -> "Traffic":
        """The same counts over longer windows that don't overlap."""
        looks = self.each(seconds)
        whole = self.looks // looks

        def over(counts: Counts) -> Counts:
            kept = counts[:, : whole * looks]
            return kept.reshape(self.runs, whole, looks, *counts.shape[2:]).sum(axis=2)

        answers = None if self.answers is None else over(self.answers)
        return Traffic(
            every=seconds,
            requests=over(self.requests),
            errors=over(self.errors),
            answers=answers,
        )


def draw(
    scenario: Scenario,
    fault: Fault,
    *,
    runs: int,
    minutes: float,
    every: float,
    latency: bool,
    seed: int,
) -> Traffic:
    """Poisson requests; each fails by itself, and has a log-normal duration whether it fails or
    not."""
    random = np.random.default_rng(seed)
    looks = round(60 * minutes / every)
    done = (np.arange(looks) + 0.5) / looks
    weight = np.array([scenario.weight(each) for each in done])
    shares = np.stack([weight, 1 - weight, weight], axis=1)
    rate = scenario.rate * every * np.array([scenario.load(each) for each in done])
    requests = random.poisson(rate[:, None] * shares, (runs, looks, ARMS))
    base = ERRORS * np.array([scenario.drift(each) for each in done])
    share = base[:, None] * np.array([fault.errors, 1.0, 1.0])
    errors = random.binomial(requests, _bursting(share, scenario, runs, every, random))
    answers = _answers(requests, fault, random) if latency else None
    return Traffic(every=every, requests=requests, errors=errors, answers=answers)


def success(traffic: Traffic, server: int) -> Floats:
    """The share of requests without an error by run and window, NaN without requests."""
    requests, errors = traffic.requests[..., server], traffic.errors[..., server]
    return np.asarray((requests - errors) / np.where(requests, requests, np.nan))


def quantile(traffic: Traffic, server: int, q: float) -> Floats:
    """Seconds by run and window, interpolated within buckets as Prometheus's histogram_quantile
    does; NaN without answers."""
    assert traffic.answers is not None
    below = np.cumsum(traffic.answers[..., server, :], axis=-1)
    wanted = q * below[..., -1:]
    bucket = np.minimum(np.argmax(below >= wanted, axis=-1), len(EDGES) - 1)
    uppers = np.array(EDGES)
    lowers = np.concatenate(([0.0], uppers[:-1]))
    before = np.take_along_axis(below, np.maximum(bucket - 1, 0)[..., None], -1)[..., 0]
    before = np.where(bucket > 0, before, 0)
    inside = np.take_along_axis(below, bucket[..., None], -1)[..., 0] - before
    with np.errstate(invalid="ignore", divide="ignore"):
        part = (wanted[..., 0] - before) / inside
    width = uppers[bucket] - lowers[bucket]
    return np.where(below[..., -1] > 0, lowers[bucket] + width * part, np.nan)


def _bursting(
    share: Floats, scenario: Scenario, runs: int, every: float, random: np.random.Generator
) -> Floats:
    """Each server's error rate by run and look."""
    looks = share.shape[0]
    if not scenario.burst:
        return np.broadcast_to(share, (runs, looks, ARMS))
    looks_each = max(1, round(scenario.burst / every))
    at = np.arange(looks) // looks_each * looks_each
    mean = share[at]
    # The variance of Beta(a, b) is mean (1 - mean) / (a + b + 1), and is to be (mean / 2)^2.
    both = 4.0 * (1.0 - mean) / mean - 1.0
    drawn = random.beta(mean * both, (1.0 - mean) * both, (runs, looks, ARMS))
    return np.asarray(drawn[:, at])


def _answers(requests: Counts, fault: Fault, random: np.random.Generator) -> Counts:
    """By upper edge: so many took no longer, and longer than the edge before."""
    found = [
        random.multinomial(requests[..., server], _durations(times))
        for server, times in enumerate((fault.durations, 1.0, 1.0))
    ]
    return np.stack(found, axis=2)[..., : len(EDGES)]


def _durations(times: float) -> Floats:
    """The chance of each bucket, and of what is beyond the last edge."""
    below = [
        0.5 * math.erfc(-math.log(edge / (MEDIAN * times)) / (SPREAD * math.sqrt(2.0)))
        for edge in EDGES
    ]
    return np.diff([0.0, *below, 1.0])
