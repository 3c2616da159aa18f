"""Argo Rollouts: the analyses of its documentation, judged as its controller does.

A metric fails when more than ``failureLimit`` of its measurements have failed
(analysis/analysis.go, assessMetricStatus). The first is taken when the canary starts: here as soon
as there is a sample, which is early. The query's selector is read as the canary's own Service.
"""

import numpy as np
from canary.traffic import CANARY, Floats, Traffic, quantile, success

FAILURE_LIMIT = 3


def documented(traffic: Traffic) -> Floats:
    """docs/analysis/prometheus.md: ``interval: 5m``, ``failureLimit: 3``,
    ``successCondition: result[0] >= 0.95`` of the two newest samples (``irate(…[5m])``), and, where
    durations are counted, the range query there: ``all(result, # < 1000)`` over the last five
    minutes, here of each minute's 95th percentile in milliseconds.

    Minutes to the abort by run; NaN where there is none.
    """
    # No requests make NaN, which fails the condition.
    fails = ~(success(traffic, CANARY) >= 0.95)
    at = np.arange(0, traffic.looks, traffic.each(300))
    when = _aborted(fails[:, at], (at + 1) * traffic.every)
    if traffic.answers is None:
        return when
    slow = ~(quantile(traffic.summed(60), CANARY, 0.95) < 1.0)
    last_five = slow.reshape(traffic.runs, -1, 5).any(axis=2)
    late = _aborted(last_five, 300.0 * (np.arange(last_five.shape[1]) + 1))
    return np.fmin(when, late)


def tightened(traffic: Traffic) -> Floats:
    """No documented default: the same metric over a minute, each minute, and 0.99 for a service
    that is known to fail in 0.5 %."""
    fails = ~(success(traffic.summed(60), CANARY) >= 0.99)
    return _aborted(fails, 60.0 * (np.arange(fails.shape[1]) + 1))


def _aborted(fails: np.ndarray, seconds: Floats) -> Floats:
    over = np.cumsum(fails, axis=1) > FAILURE_LIMIT
    when = seconds[np.argmax(over, axis=1)] / 60.0
    return np.where(over.any(axis=1), when, np.nan)
