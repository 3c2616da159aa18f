"""All that judging the load gate needs: blocks, which of them are void, and what didn't start."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlci.loadtest.block import CANDIDATE, CHAMPION, Block, percentile


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A block; ``pair`` numbers those that were run side by side; ``void`` says why, or is ""."""

    block: Block
    pair: int | None
    void: str


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Requests of one arm taken together: ``latencies`` int64 [n] in microseconds, ascending."""

    latencies: NDArray[np.int64]
    failed: int
    timeout: float

    @property
    def requests(self) -> int:
        return int(self.latencies.shape[0]) + self.failed

    def slower(self, bound: float) -> int:
        """Requests that failed or took longer than ``bound`` seconds."""
        return self.requests - int(np.searchsorted(self.latencies, bound * 1e6, side="right"))

    def percentile(self, rank: float) -> float | None:
        return percentile(self.latencies, self.failed, rank, self.timeout)

    def at(self, index: int) -> float:
        """Seconds of the ``index``-th fastest request; 0 below the first, else the timeout."""
        if index < 0:
            return 0.0
        if index >= self.latencies.shape[0]:
            return self.timeout
        return min(float(self.latencies[index]) / 1e6, self.timeout)


@dataclass(frozen=True, kw_only=True)
class LoadMeasurement:
    """What was measured, in the order of time. ``maximum_pairs`` was fixed before it.

    ``error`` and ``champion_error`` say why the gate or the champion's part can't be judged.
    """

    timeout: float
    maximum_pairs: int = 0
    block_seconds: float = 0.0
    blocks: tuple[Measured, ...] = ()
    error: str = ""
    champion_error: str = ""

    def pooled(self, arm: str) -> Iterator[Pool]:
        """What was known after each counting block of ``arm``: one pool a look."""
        latencies: list[NDArray[np.int64]] = []
        failed = 0
        for each in self.blocks:
            if each.void or each.block.arm != arm or not each.block.sent:
                continue
            latencies.append(np.asarray(each.block.latencies, dtype=np.int64))
            failed += each.block.failed
            yield Pool(
                latencies=np.sort(np.concatenate(latencies)), failed=failed, timeout=self.timeout
            )

    def pairs(self) -> tuple[tuple[Block, Block], ...]:
        """(candidate, champion) of each pair of which neither block is void."""
        arms: dict[int, dict[str, Block]] = {}
        for each in self.blocks:
            if each.pair is not None and not each.void:
                arms.setdefault(each.pair, {})[each.block.arm] = each.block
        return tuple(
            (pair[CANDIDATE], pair[CHAMPION]) for _, pair in sorted(arms.items()) if len(pair) == 2
        )
