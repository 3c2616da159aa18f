"""An interval held against a limit: the three-way decision, and what this size could show."""

import math

from scipy.special import ndtri

from mlci.records.judgement import Limit, LimitKind
from mlci.records.outcome import Outcome

POWER = 0.8
MOST_NEEDED = 10**12

Interval = tuple[float, float]


def threshold(limit: Limit) -> float:
    """Where the estimate's axis is cut: a margin m asks that the difference stays above -m."""
    return -limit.value if limit.kind.compared else limit.value


def decide(limit: Limit, interval: Interval) -> Outcome:
    """PASS when the bound on the safe side is safe, FAIL when the other one is not, else
    INCONCLUSIVE. A limit itself is kept (``minimum: 0.8`` permits 0.8); a margin is not."""
    low, high = interval
    cut = threshold(limit)
    if limit.kind is LimitKind.MINIMUM:
        passes, fails = low >= cut, high < cut
    elif limit.kind in (LimitKind.MAXIMUM, LimitKind.MAXIMUM_RATIO):
        passes, fails = high <= cut, low > cut
    elif limit.kind.compared:
        passes, fails = low > cut, high < cut
    else:
        raise ValueError(f"{limit.kind} is decided by its own gate")
    if passes:
        return Outcome.PASS
    return Outcome.FAIL if fails else Outcome.INCONCLUSIVE


def detectable(estimate: float, interval: Interval, confidence: float) -> float:
    """The distance from a limit at which a truth would be shown with power 0.8, at this size.

    (z_confidence + z_0.8) standard errors, the error read off the wider side of the interval.
    """
    half = max(estimate - interval[0], interval[1] - estimate)
    z = float(ndtri(confidence))
    return half * (z + float(ndtri(POWER))) / z


def needed(n: int, shown: float | None, distance: float) -> int | None:
    """The sample size that would show a truth at ``distance`` from the limit with power 0.8, when
    ``n`` shows one at ``shown``: errors shrink with the root of the size. None where no size does.
    """
    if shown is None or distance == 0.0:
        return None
    size = n * (shown / distance) ** 2
    return None if not size < MOST_NEEDED else max(math.ceil(size), 1)
