"""Envoy's statistics as counts of requests: pure readings of ``/stats?format=json``."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mlci.delivery.local.clusters import CLUSTERS, counted_as
from mlci.records.traffic import ArmCounts

COUNTS = (
    rf"^cluster\.{CLUSTERS}\.upstream_rq_"
    r"(total|active|completed|cancelled|pending_active|pending_failure_eject|pending_overflow|\d{3})$"
)
TIMES = rf"^cluster\.{CLUSTERS}\.upstream_rq_time$"

_NAME = re.compile(rf"cluster\.({CLUSTERS})\.upstream_rq_(\w+)")
_NEVER_SENT = ("cancelled", "pending_failure_eject", "pending_overflow", "pending_active")

Values = Mapping[str, Mapping[str, int]]
Buckets = Mapping[str, tuple[tuple[float, int], ...]]


def values(stats: Iterable[Mapping[str, Any]]) -> Values:
    """arm -> the part of the name after ``upstream_rq_`` -> value."""
    found: dict[str, dict[str, int]] = {}
    for each in stats:
        match = _NAME.fullmatch(each.get("name", ""))
        if match:
            found.setdefault(counted_as(match[1]), {})[match[2]] = int(each["value"])
    return found


def buckets(stats: Iterable[Mapping[str, Any]]) -> Buckets:
    """arm -> (le in seconds, cumulative count); absent before its first answer."""
    found = {}
    for histogram in (one for each in stats for one in each.get("histograms", ())):
        match = _NAME.fullmatch(histogram["name"])
        if match:
            found[counted_as(match[1])] = tuple(
                (each["upper_bound"] / 1000, int(each["cumulative"]))
                for each in histogram["buckets"]
            )
    return found


def started(value: Mapping[str, int]) -> int:
    """All requests meant for a server, with those that never got a connection."""
    return value.get("total", 0) + sum(value.get(name, 0) for name in _NEVER_SENT)


def up_to_date(now: Values, times: Buckets) -> bool:
    """Whether the histograms hold all that ``now`` counts as answered without failure."""
    return all(
        sum(_codes(value, below=500).values()) <= (times[each][-1][1] if each in times else 0)
        for each, value in now.items()
    )


def counts(before: Values, now: Values, times: Buckets, after: Values) -> dict[str, ArmCounts]:
    """Read in this order.

    A client that leaves is in no counter of Envoy's but the sum of those that started. ``before``'s
    sum less those still active less those with a code is a lower bound of how many left.
    """
    arms = {}
    for each, value in now.items():
        active = value.get("active", 0) + value.get("pending_active", 0)
        completed = value.get("completed", 0)
        codes = _codes(value)
        arms[each] = ArmCounts(
            started=started(value),
            ended=max(completed, started(before.get(each, {})) - active),
            completed=completed,
            failed=sum(_codes(value, above=499).values()),
            active=active,
            buckets=times.get(each, ()),
            codes=codes,
            late=max(0, after.get(each, {}).get("completed", 0) - completed),
        )
    return arms


def _codes(value: Mapping[str, int], *, above: int = 0, below: int = 1000) -> dict[int, int]:
    coded = ((int(name), count) for name, count in value.items() if name.isdigit())
    return {code: count for code, count in coded if above < code < below}
