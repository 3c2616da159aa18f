"""Flagger: a check each minute; so many that failed roll back, so many that passed promote.

docs/gitbook/usage/metrics.md has the two built-in metrics with their thresholds, and
docs/gitbook/faq.md their queries: request-success-rate at least 99 %, request-duration (the 99th
percentile) at most 500 ms. Without requests a check fails. Each check that passes adds
``stepWeight`` to the canary's weight; the one that passes at ``maxWeight`` promotes, and nobody
looks any more. A rollback comes with the check after the last that failed
(pkg/controller/scheduler.go, advanceCanary).
"""

import numpy as np
from canary.traffic import CANARY, Floats, Traffic, quantile, success


def tutorial(traffic: Traffic) -> Floats:
    """docs/gitbook/tutorials/istio-progressive-delivery.md: ``threshold: 5``, ``stepWeight: 10``,
    ``maxWeight: 50``. Minutes to the rollback by run; NaN where there is none."""
    return _rolled_back(traffic, threshold=5, passes=5)


def how_it_works(traffic: Traffic) -> Floats:
    """docs/gitbook/usage/how-it-works.md: ``threshold: 10``, ``stepWeight: 5``,
    ``maxWeight: 50``."""
    return _rolled_back(traffic, threshold=10, passes=10)


def _rolled_back(traffic: Traffic, *, threshold: int, passes: int) -> Floats:
    minutes = traffic.summed(60)
    passed = success(minutes, CANARY) >= 0.99
    if traffic.answers is not None:
        passed &= quantile(minutes, CANARY, 0.99) <= 0.5
    failed = np.cumsum(~passed, axis=1) >= threshold
    promoted = np.cumsum(passed, axis=1) >= passes
    first = np.where(failed.any(axis=1), np.argmax(failed, axis=1), np.inf)
    end = np.where(promoted.any(axis=1), np.argmax(promoted, axis=1), np.inf)
    # The check that follows rolls back before it looks at any metric.
    return np.where(first < end, first + 2.0, np.nan)
