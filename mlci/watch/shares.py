"""A share of bad requests with an interval that may be looked at after every scrape."""

import math
from collections.abc import Callable

from mlci.statistics.sequential import log_e_fail, log_e_pass
from mlci.watch.evidence import Tally

STEPS = 40


def interval(tally: Tally, confidence: float) -> tuple[float, float]:
    """Shares not ruled out by the one-sample tests, each bound at ``confidence`` at all looks.

    (0, 1) before the first request. The bounds are where the evidence crosses 1/(1-confidence).
    """
    if not tally.n:
        return 0.0, 1.0
    needed = -math.log(1.0 - confidence)
    seen = tally.bad / tally.n
    low = _edge(lambda share: log_e_fail(tally.bad, tally.good, share) >= needed, 0.0, seen)
    high = _edge(lambda share: log_e_pass(tally.bad, tally.good, share) >= needed, 1.0, seen)
    return low, high


def _edge(excluded: Callable[[float], bool], outer: float, inner: float) -> float:
    """Bisection between ``outer``, which is excluded, and ``inner``, which is not."""
    for _ in range(STEPS):
        middle = (outer + inner) / 2
        if not 0.0 < middle < 1.0:
            break
        if excluded(middle):
            outer = middle
        else:
            inner = middle
    return outer
