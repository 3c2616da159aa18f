"""Scrapes -> bad and good requests, arm by arm: cumulative counts that never fall.

A request is bad for a latency bound when it was not answered within it: answered later, failed
without an answer, left by its client, or still in flight and older. So it counts before it ends:
of the requests active now, at most those started since an earlier scrape can be younger than that
scrape (``overdue``, a lower bound). It is bad as an error when it ended as 5xx, or hangs; and, in
the comparison of two arms alone, when it was refused with 4xx: clients err as often in both, so
that a canary that refuses more has changed what it takes.
Running maxima keep a lower bound that falls again from taking back what it has shown.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mlci.records.policy import Watch
from mlci.records.traffic import ArmCounts

ERRORS = "errors"
_SUMMED = ("started", "ended", "completed", "failed", "refused")


def hang_limit(watch: Watch) -> float:
    """The age in seconds from which a request in flight counts as an error."""
    return max([2.0, *(10.0 * bound for bound in watch.latency)])


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Requests whose fate is known, for one metric of one arm."""

    bad: int = 0
    good: int = 0

    @property
    def n(self) -> int:
        return self.bad + self.good

    def since(self, earlier: "Tally") -> "Tally":
        return Tally(bad=self.bad - earlier.bad, good=self.good - earlier.good)


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One server's requests since its watch began.

    ``errors`` (for the budget), ``unserved`` (errors and refusals, for the comparison) and
    ``latency`` (bound by bound, as in the policy) are the tallies; the rest is what the next
    scrape is compared with: the raw counts, sums over restarts of the proxy, and how many had
    started by which time.
    """

    errors: Tally = field(default_factory=Tally)
    unserved: Tally = field(default_factory=Tally)
    latency: tuple[Tally, ...]
    raw: ArmCounts | None = None
    sums: Mapping[str, int] = field(default_factory=dict)
    within: tuple[int, ...]
    started: tuple[tuple[float, int], ...] = ()

    @classmethod
    def begin(cls, watch: Watch) -> "Arm":
        bounds = len(watch.latency)
        return cls(latency=(Tally(),) * bounds, within=(0,) * bounds)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """What is compared with the other arm's."""
        return (self.unserved, *self.latency)

    def seen(self, counts: ArmCounts, time: float, watch: Watch) -> "Arm":
        """The state after one scrape; the first one only says where counting begins."""
        within = tuple(counts.answered_within(bound) for bound in watch.latency)
        now = {name: getattr(counts, name) for name in _SUMMED}
        if self.raw is None:
            none = dict.fromkeys(now, 0)
            # Answers in the buckets that are not yet among the ended: once these count as ended,
            # they must not look as if they had taken too long.
            early = (counts.late,) * len(within)
            return replace(self, raw=counts, sums=none, within=early, started=((time, 0),))
        before = {name: getattr(self.raw, name) for name in now}
        before_within = [self.raw.answered_within(bound) for bound in watch.latency]
        history = self.started
        if _counts_anew(self.raw, counts):
            before, before_within = dict.fromkeys(now, 0), [0] * len(within)
            history = ()
        sums = {name: self.sums[name] + max(0, now[name] - before[name]) for name in now}
        totals = tuple(
            old + max(0, new - was)
            for old, new, was in zip(self.within, within, before_within, strict=True)
        )
        moved = replace(self, raw=counts, sums=sums, within=totals)
        moved = replace(moved, started=_remember(history, time, sums["started"], watch))
        return moved._tallied(time, history, watch)

    def _tallied(self, time: float, history: tuple[tuple[float, int], ...], watch: Watch) -> "Arm":
        failed = self.sums["failed"] + self._overdue(time, history, hang_limit(watch))
        answered, refused = self.sums["completed"] - self.sums["failed"], self.sums["refused"]
        errors = Tally(bad=max(self.errors.bad, failed), good=answered)
        unserved = Tally(bad=max(self.unserved.bad, failed + refused), good=answered - refused)
        latency = tuple(
            Tally(
                bad=max(old.bad, self.sums["ended"] - within + self._overdue(time, history, bound)),
                good=within,
            )
            for old, within, bound in zip(self.latency, self.within, watch.latency, strict=True)
        )
        return replace(self, errors=errors, unserved=unserved, latency=latency)

    def _overdue(self, time: float, history: tuple[tuple[float, int], ...], age: float) -> int:
        """At least so many requests in flight are older than ``age`` seconds."""
        then = [count for moment, count in history if moment <= time - age]
        if not then or self.raw is None:
            return 0
        return max(0, self.raw.active - (self.sums["started"] - then[-1]))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Arm":
        """KeyError or TypeError where the data isn't that of ``to_dict``."""
        raw = data["raw"]
        return cls(
            errors=Tally(**data["errors"]),
            unserved=Tally(**data["unserved"]),
            latency=tuple(Tally(**each) for each in data["latency"]),
            raw=None if raw is None else _counts(raw),
            sums=dict(data["sums"]),
            within=tuple(data["within"]),
            started=tuple((float(time), int(count)) for time, count in data["started"]),
        )


def _counts_anew(before: ArmCounts, now: ArmCounts) -> bool:
    """Whether the proxy was started again: no counter of the same proxy ever falls.

    One that has counted more of everything by now can't be told from the old one; then the
    difference is still a possible one.
    """
    fell = (count < dict(before.buckets).get(edge, 0) for edge, count in now.buckets)
    codes = (now.codes.get(code, 0) < count for code, count in before.codes.items())
    totals = (getattr(now, name) < getattr(before, name) for name in _SUMMED)
    return any(totals) or any(codes) or any(fell)


def _remember(
    history: tuple[tuple[float, int], ...], time: float, started: int, watch: Watch
) -> tuple[tuple[float, int], ...]:
    """All of the last seconds up to the hang limit, and the newest one before them."""
    edge = time - hang_limit(watch)
    older = [each for each in history if each[0] <= edge][-1:]
    return (*older, *(each for each in history if edge < each[0] < time), (time, started))


def _counts(data: Mapping[str, Any]) -> ArmCounts:
    buckets = tuple((float(edge), int(count)) for edge, count in data["buckets"])
    codes = {int(code): int(count) for code, count in data["codes"].items()}
    return ArmCounts(**{**data, "buckets": buckets, "codes": codes})
