"""What all scrapes so far say of a delivery: a frozen state that goes through JSON unchanged."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from mlci.records.policy import Watch
from mlci.records.traffic import ArmCounts, Scrape
from mlci.statistics.rate_ratio import RateRatio
from mlci.watch.evidence import Arm, Tally
from mlci.watch.onset import EVERY_SECONDS

Pair = tuple[Tally, Tally]
NOTHING = ArmCounts(started=0, ended=0, completed=0, failed=0, active=0, buckets=())


@dataclass(frozen=True, kw_only=True)
class Watching:
    """``canary`` is the identity that is judged, ``stable`` the one beside it.

    Without ``stable`` (a first release, or after promotion) the canary is judged against the
    policy's budgets alone. ``ratios`` compare errors first, then each latency bound; ``compared``
    are the tallies (canary, stable) up to which each of them has gone. ``onsets`` are
    (errors, slowest bound) tallies at which later bets on harm began. ``missed`` counts the scrapes
    in a row that could not be had.
    """

    watch: Watch
    canary: str
    stable: str | None
    canary_arm: Arm
    stable_arm: Arm
    ratios: tuple[RateRatio, ...]
    compared: tuple[Pair, ...]
    onsets: tuple[Pair, ...] = ((Tally(), Tally()),)
    onset_time: float | None = None
    missed: int = 0

    @classmethod
    def start(cls, watch: Watch, *, canary: str, stable: str | None = None) -> "Watching":
        """No evidence yet; the bounds that ``watch`` names hold for the whole delivery."""
        ratio = RateRatio.start(harm=watch.harm, tolerated=watch.tolerated)
        return cls(
            watch=watch,
            canary=canary,
            stable=stable,
            canary_arm=Arm.begin(watch),
            stable_arm=Arm.begin(watch),
            ratios=(ratio,) * (1 + len(watch.latency)),
            compared=((Tally(), Tally()),) * (1 + len(watch.latency)),
        )

    def observe(self, scrape: Scrape | None) -> "Watching":
        """The state after one scrape. None, or a scrape without one of the arms, holds both arms:
        the next one spans the gap. The first look may lack an arm: what isn't there yet has counted
        nothing, so that no request is missed that comes before the second."""
        arms = {} if scrape is None else scrape.arms
        if self.canary_arm.raw is None:
            arms = {self.canary: NOTHING, self.stable or self.canary: NOTHING, **arms}
        if scrape is None or self.canary not in arms or (self.stable or self.canary) not in arms:
            return replace(self, missed=self.missed + 1)
        canary = self.canary_arm.seen(arms[self.canary], scrape.time, self.watch)
        moved = replace(self, canary_arm=canary, missed=0)._with_onset(scrape.time)
        if self.stable is None:
            return moved
        stable = self.stable_arm.seen(arms[self.stable], scrape.time, self.watch)
        pairs = zip(self.ratios, self.compared, canary.tallies, stable.tallies, strict=True)
        started = canary.sums["started"]
        steps = [_compare(*each, started=started) for each in pairs]
        return replace(
            moved,
            stable_arm=stable,
            ratios=tuple(ratio for ratio, _ in steps),
            compared=tuple(compared for _, compared in steps),
        )

    @property
    def reached(self) -> bool:
        """A request came to the canary since the first look."""
        return self.canary_arm.sums.get("started", 0) > 0

    @property
    def alone(self) -> bool:
        """No stable arm, or none to compare with any more: a step of 100 percent."""
        if self.stable is None:
            return True
        canary, stable = self.compared[0]
        apart = self.canary_arm.tallies[0].n - canary.n
        return self.stable_arm.tallies[0].n == stable.n and apart >= max(
            1, self.watch.minimum_requests
        )

    def _with_onset(self, time: float) -> "Watching":
        if self.onset_time is None or time < self.onset_time:
            return replace(self, onset_time=time)
        if time - self.onset_time < EVERY_SECONDS:
            return self
        onset = (self.canary_arm.errors, slowest(self.canary_arm))
        return replace(self, onsets=(*self.onsets, onset), onset_time=time)

    def to_dict(self) -> dict[str, Any]:
        """JSON data; ``from_dict`` gives the same state back."""
        return {
            "watch": asdict(self.watch),
            "canary": self.canary,
            "stable": self.stable,
            "canaryArm": self.canary_arm.to_dict(),
            "stableArm": self.stable_arm.to_dict(),
            "ratios": [ratio.to_dict() for ratio in self.ratios],
            "compared": [[asdict(each) for each in pair] for pair in self.compared],
            "onsets": [[asdict(each) for each in pair] for pair in self.onsets],
            "onsetTime": self.onset_time,
            "missed": self.missed,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Watching":
        """KeyError, TypeError or ValueError where the data isn't that of ``to_dict``."""
        known = {each.name for each in fields(Watch)}
        watch = {name: value for name, value in data["watch"].items() if name in known}
        return cls(
            watch=Watch(**{**watch, "latency": tuple(watch["latency"])}),
            canary=data["canary"],
            stable=data["stable"],
            canary_arm=Arm.from_dict(data["canaryArm"]),
            stable_arm=Arm.from_dict(data["stableArm"]),
            ratios=tuple(RateRatio.from_dict(each) for each in data["ratios"]),
            compared=_pairs(data["compared"]),
            onsets=_pairs(data["onsets"]),
            onset_time=data["onsetTime"],
            missed=int(data["missed"]),
        )


def slowest(arm: Arm) -> Tally:
    """The tally at the largest bound, for which the policy has a budget."""
    return arm.latency[-1] if arm.latency else Tally()


def _compare(
    ratio: RateRatio, compared: Pair, canary: Tally, stable: Tally, *, started: int
) -> tuple[RateRatio, Pair]:
    """A window closes only when both arms have requests in it, and the fate of more of the
    canary's is known than is not yet: where every client comes to wait for a hung canary, stable's
    part of the comparison is what it answered just before. ``started`` counts the canary's."""
    c, s = canary.since(compared[0]), stable.since(compared[1])
    if not s.n or c.n < max(1, started - canary.n):
        return ratio, compared
    return ratio.update(c.bad, s.bad, c.n, s.n), (canary, stable)


def _pairs(data: Any) -> tuple[Pair, ...]:
    return tuple((Tally(**one), Tally(**other)) for one, other in data)
