"""One block of requests to one arm: what is asked of the generator, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

CANDIDATE = "candidate"
CHAMPION = "champion"


@dataclass(frozen=True, kw_only=True)
class Order:
    """Blocks of one ``seed`` have the same arrivals and the same rows, whatever the arm."""

    arm: str
    seconds: float
    seed: int


@dataclass(frozen=True, kw_only=True)
class Block:
    """What came of an order. Times in seconds; ``latencies`` in microseconds, ascending.

    A request is ``scheduled`` by the seed, ``sent`` if it was begun in time, ``failed`` if the
    answer was not 2xx or didn't come within the timeout. A latency runs from the scheduled time
    to the end of the answer; failed requests have none. ``lag_p99`` is how late the generator
    itself was; ``cpu`` is its share of one processor.
    """

    arm: str
    scheduled: int
    sent: int
    failed: int
    latencies: tuple[int, ...] = field(repr=False)
    lag_p99: float
    cpu: float
    reasons: Mapping[str, int] = field(default_factory=dict)

    def percentile(self, rank: float, timeout: float) -> float | None:
        """See ``percentile`` below, over this block's requests alone."""
        return percentile(np.asarray(self.latencies, dtype=np.int64), self.failed, rank, timeout)


def percentile(
    latencies: NDArray[np.int64], failed: int, rank: float, timeout: float
) -> float | None:
    """The nearest-rank percentile in seconds; ``rank`` in 0..1; None without requests.

    ``latencies``: int64 [n], microseconds, ascending. A failed request counts as one that took
    ``timeout`` seconds.
    """
    count = int(latencies.shape[0])
    if count + failed == 0:
        return None
    index = max(int(np.ceil(rank * (count + failed) - 1e-9)) - 1, 0)
    return float(latencies[index]) / 1e6 if index < count else timeout


def read_block(document: Mapping[str, Any]) -> Block:
    """From the generator's line of JSON. Raises KeyError, TypeError, ValueError."""
    return Block(
        arm=str(document["arm"]),
        scheduled=int(document["scheduled"]),
        sent=int(document["sent"]),
        failed=int(document["failed"]),
        latencies=tuple(sorted(int(value) for value in document["latencies"])),
        lag_p99=float(document["lagP99"]),
        cpu=float(document["cpu"]),
        reasons={str(key): int(value) for key, value in document["reasons"].items()},
    )
