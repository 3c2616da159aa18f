"""Canary against stable: is its rate of bad events higher, whatever that rate is today?

Each event came from canary or from stable. Given how many there were, the canary's part at one
scrape is Binomial with p(r) = r n_c / (r n_c + n_s), where r is the ratio of the two rates: the
base rate is gone, so drifting traffic and changing weights don't matter. A state holds the
likelihood of a grid of ratios; the evidence is a mixture of bets on them and may be looked at
after every scrape (Ville's inequality; Lindon and Malek 2022 for the counts).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from mlci.statistics.proportions import Floats
from mlci.statistics.scatter import Scatter

SCALE = 0.7
# The harm that is to be seen soonest: twice stable's rate.
DOUBLED, NARROW = math.log(2.0), 0.3
# The part of the capital that bets on harm from the first scrape; the rest, on a later onset.
AT_ONCE = 0.75
FARTHEST = math.log(100.0)
POINTS = 257


@lru_cache(maxsize=64)
def grid(harm: float, tolerated: float) -> Floats:
    """Log ratios from 1/100 to 100, dense about 1, with the two limits among them."""
    span = math.asinh(FARTHEST / 0.3)
    points = 0.3 * np.sinh(np.linspace(-span, span, POINTS))
    points = np.unique(np.concatenate([points, [math.log(harm), math.log(tolerated)]]))
    points.flags.writeable = False
    return points


@lru_cache(maxsize=64)
def prior(harm: float, tolerated: float, scale: float, centre: float = 0.0) -> Floats:
    """Mass of each point of the grid: the Cauchy density of log r about ``centre`` times the
    point's width."""
    log_r = grid(harm, tolerated)
    mass = np.gradient(log_r) / (1.0 + ((log_r - centre) / scale) ** 2)
    mass.flags.writeable = False
    return np.asarray(mass)


@dataclass(frozen=True, kw_only=True, eq=False)
class RateRatio:
    """What all scrapes so far say of r = canary's event rate / stable's event rate.

    Start with ``RateRatio.start(harm=..., tolerated=...)``; ``update`` gives the next state.
    ``likelihood`` is the log-likelihood on the grid relative to r = 1's; ``onset`` the log bankroll
    of each bet on harm, summed over the scrapes at which the harm may have begun.
    """

    harm: float
    tolerated: float
    scrapes: int = 0
    events: int = 0
    scatter: Scatter = field(default_factory=Scatter, repr=False)
    likelihood: Floats = field(repr=False)
    onset: Floats = field(repr=False)

    @classmethod
    def start(cls, *, harm: float, tolerated: float) -> "RateRatio":
        """No evidence yet. ``harm`` >= 1 and ``tolerated`` > 1 are ratios in (1/100, 100)."""
        if not (1.0 <= harm < 50.0 and 1.0 < tolerated < 50.0):
            raise ValueError(f"harm {harm!r} and tolerated {tolerated!r} are ratios from 1 to 50")
        nothing = np.zeros(grid(harm, tolerated).size)
        return cls(
            harm=harm, tolerated=tolerated, likelihood=nothing, onset=np.full(nothing.size, -np.inf)
        )

    def update(
        self, events_canary: int, events_stable: int, n_canary: int, n_stable: int
    ) -> "RateRatio":
        """One scrape's bad events and requests of both arms over the same window.

        A scrape without events, or with requests in one arm only, says nothing of the ratio and
        changes nothing. ValueError for negative counts and events of an arm without requests.
        """
        counts = (events_canary, events_stable, n_canary, n_stable)
        if min(counts) < 0 or (events_canary and not n_canary) or (events_stable and not n_stable):
            raise ValueError(f"events and requests of canary and stable cannot be {counts!r}")
        if not n_canary or not n_stable or not events_canary + events_stable:
            return self
        log_r = grid(self.harm, self.tolerated)
        odds = log_r + math.log(n_canary / n_stable)
        step = -events_canary * np.logaddexp(0.0, -odds) - events_stable * np.logaddexp(0.0, odds)
        step /= self.dispersion
        against = step - step[self._at(self.harm)]
        # Capital that joins at scrape t >= 2: its parts, 1 / (t (t - 1)) each, add up to 1.
        t = self.scrapes + 1
        joining = math.log(AT_ONCE if t == 1 else (1.0 - AT_ONCE) / (t * (t - 1)))
        return replace(
            self,
            scrapes=t,
            events=self.events + events_canary + events_stable,
            scatter=self.scatter.update(counts),
            likelihood=self.likelihood + step - step[np.searchsorted(log_r, 0.0)],
            onset=np.logaddexp(self.onset, joining) + against,
        )

    @property
    def dispersion(self) -> float:
        """By how much earlier scrapes scattered more than counts should; every bet is its root.

        A heuristic against pods and minutes that differ (``Scatter.dispersion``); steady harm isn't
        taken for scatter. It never weakens the guarantee, since the mean of a root is at most the
        root of the mean and only earlier scrapes are used.
        """
        return self.scatter.dispersion

    def log_e_harm(self, rho: float | None = None) -> float:
        """Evidence against "r is at most ``harm``", whenever it may have begun to be larger."""
        at = self._at(self.harm if rho is None else rho, self.harm)
        weights = prior(self.harm, self.tolerated, NARROW, DOUBLED)[at + 1 :]
        unspent = math.log((1.0 - AT_ONCE) / self.scrapes) if self.scrapes else 0.0
        bets = _log_mean(weights, self.onset[at + 1 :])
        return float(np.logaddexp(bets, unspent))

    def log_e_safe(self, m: float | None = None) -> float:
        """Evidence against "r was at least ``tolerated`` all the time"."""
        at = self._at(self.tolerated if m is None else m, self.tolerated)
        weights = prior(self.harm, self.tolerated, math.log(self.tolerated) / 2)[:at]
        return _log_mean(weights, self.likelihood[:at] - self.likelihood[at])

    @property
    def estimate(self) -> float:
        """The posterior mean of log r, as a ratio: 1 before any event, always finite."""
        log_r = grid(self.harm, self.tolerated)
        weights = prior(self.harm, self.tolerated, SCALE)
        weights = weights * np.exp(self.likelihood - self.likelihood.max())
        return math.exp(float(np.sum(weights * log_r) / np.sum(weights)))

    def interval(self, confidence: float) -> tuple[float, float]:
        """Ratios not ruled out, at every look together: both bounds at once hold at ``confidence``.

        Rounded outwards to the grid; 0.01 and 100 are its ends and mean "nothing is known".
        """
        log_r = grid(self.harm, self.tolerated)
        mixture = _log_mean(prior(self.harm, self.tolerated, SCALE), self.likelihood)
        kept = np.flatnonzero(mixture - self.likelihood < -math.log(1.0 - confidence))
        low, high = max(int(kept[0]) - 1, 0), min(int(kept[-1]) + 1, log_r.size - 1)
        return math.exp(float(log_r[low])), math.exp(float(log_r[high]))

    def to_dict(self) -> dict[str, Any]:
        """JSON data; ``from_dict`` gives the same state back."""
        return {
            "harm": self.harm,
            "tolerated": self.tolerated,
            "scrapes": self.scrapes,
            "events": self.events,
            "scatter": self.scatter.to_dict(),
            "likelihood": self.likelihood.tolist(),
            "onset": self.onset.tolist() if self.scrapes else [],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "RateRatio":
        """ValueError where the data isn't a state's; KeyError where a field is missing."""
        fresh = cls.start(harm=float(data["harm"]), tolerated=float(data["tolerated"]))
        if not data["scrapes"]:
            return fresh
        likelihood, onset = (np.asarray(data[key], float) for key in ("likelihood", "onset"))
        for each in (likelihood, onset):
            if each.shape != fresh.likelihood.shape or not np.all(np.isfinite(each)):
                raise ValueError("the evidence doesn't have this version's grid of ratios")
        return replace(
            fresh,
            scrapes=int(data["scrapes"]),
            events=int(data["events"]),
            scatter=Scatter.from_dict(data["scatter"]),
            likelihood=likelihood,
            onset=onset,
        )

    def _at(self, ratio: float, own: float | None = None) -> int:
        if own is not None and ratio != own:
            raise ValueError(f"this state was started for {own!r}, not {ratio!r}")
        return int(np.searchsorted(grid(self.harm, self.tolerated), math.log(ratio)))


def _log_mean(weights: Floats, logs: Floats) -> float:
    top = float(logs.max())
    if top == -math.inf:
        return top
    return top + math.log(float(np.dot(weights, np.exp(logs - top)) / weights.sum()))
