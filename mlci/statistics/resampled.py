"""Bounds from the sorted values of a bootstrap: which of them, and how many resamples that takes.

A percentile bound of a skewed statistic misses more often than it says: it takes in a third or less
of what skewness does to a bound. So the quantile is taken further out than asked for, by what the
mean of ``events`` exponential variables (skewness 2) needs: (z^2 + 2) / (3 sqrt(events)) standard
errors, the difference between Johnson's (1978) bound and the percentile one. It goes to zero as
events are many.
"""

import math

from scipy.special import ndtr

from mlci.statistics.nobounds import NoBounds
from mlci.statistics.proportions import quantile

FEWEST_BEYOND = 5  # resamples beyond a bound; a quantile of fewer is chance


def tail(alpha: float, events: int) -> float:
    """The share of resamples to leave beyond a bound that may miss with a chance of ``alpha``."""
    z = quantile(1.0 - alpha)
    return float(ndtr(-(z + (z * z + 2.0) / (3.0 * math.sqrt(events)))))


def beyond(alpha: float, events: int, resamples: int) -> int:
    """The bound is the so-manieth value from its end: of B resamples the k-th smallest is where a
    share k / (B + 1) lies below. Raises NoBounds where B resamples can't tell."""
    count = int(tail(alpha, events) * (resamples + 1))
    if count < FEWEST_BEYOND:
        wanted = math.ceil(FEWEST_BEYOND / tail(alpha, events))
        raise NoBounds(
            f"a bound at confidence {1.0 - alpha:.6g} from {events} events takes {wanted:,} "
            f"resamples, and there are {resamples:,}"
        )
    return count
