"""Kayenta, Spinnaker's judge: canary against a baseline of its size, by Mann and Whitney's test.

A point a minute and metric: the share of errors, and the 95th percentile of durations. A metric is
High when the lower end of the 98 % interval of the difference lies above a quarter of its
Hodges-Lehmann estimate (kayenta-judge: NetflixACAJudge.scala, MannWhitneyClassifier.scala; the
interval as in kayenta-mannwhitney: MannWhitney.scala). The score is the share of metrics that are
not High; below ``marginal`` (75) the canary fails.
"""

import numpy as np
from canary.traffic import BASELINE, CANARY, Floats, Traffic, quantile, success

TOLERANCE = 0.25
NORMAL_99 = 2.3263478740408408
FEWEST = 5


def documented(traffic: Traffic) -> Floats:
    """Spinnaker's best practices (guides/user/canary/best-practices): a judgement each 60 minutes
    of the minutes since the last, at least 50 of them, thresholds 75 and 95. Minutes to the first
    that fails; NaN where there is none."""
    return _failed(traffic, ends=range(60, traffic.looks // traffic.each(60) + 1, 60))


def hurried(traffic: Traffic) -> Floats:
    """No documented default, and advised against: a judgement each minute, from the fifth, of all
    minutes so far."""
    return _failed(traffic, ends=range(FEWEST, traffic.looks // traffic.each(60) + 1))


def _failed(traffic: Traffic, *, ends: range) -> Floats:
    metrics = _points(traffic)
    minutes = np.full(traffic.runs, np.nan)
    for end in ends:
        begin = 0 if ends.step == 1 else end - ends.step
        left = np.flatnonzero(np.isnan(minutes))
        high = np.array(
            [_high(canary[left, begin:end], base[left, begin:end]) for canary, base in metrics]
        )
        minutes[left[100.0 * (1.0 - high.mean(axis=0)) < 75.0]] = end
    return minutes


def _points(traffic: Traffic) -> list[tuple[Floats, Floats]]:
    """(canary, baseline) by run and minute; a minute without requests has no errors."""
    minutes = traffic.summed(60)
    errors = [np.nan_to_num(100.0 * (1.0 - success(minutes, arm))) for arm in (CANARY, BASELINE)]
    metrics = [(errors[0], errors[1])]
    if traffic.answers is not None:
        slow = [np.nan_to_num(quantile(minutes, arm, 0.95)) for arm in (CANARY, BASELINE)]
        metrics.append((slow[0], slow[1]))
    return metrics


def _high(canary: Floats, base: Floats) -> np.ndarray:
    """By run. The interval's lower end is where the test's statistic, which falls as the assumed
    difference grows, meets the normal quantile; so it needn't be solved for."""
    n = canary.shape[1]
    differences = canary[:, :, None] - base[:, None, :]
    estimate = np.median(differences.reshape(-1, n * n), axis=1)
    limit = TOLERANCE * np.abs(estimate)
    shifted = differences - limit[:, None, None]
    above = (shifted > 0).sum(axis=(1, 2)) + 0.5 * (shifted == 0).sum(axis=(1, 2)) - n * n / 2
    pooled = np.concatenate([canary - limit[:, None], base], axis=1)
    same = (pooled[:, :, None] == pooled[:, None, :]).sum(axis=2)
    ties = (same.astype(np.float64) ** 2 - 1).sum(axis=1)
    variance = n * n / 12 * (2 * n + 1 - ties / (2 * n * (2 * n - 1)))
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = (above - 0.5 * np.sign(above)) / np.sqrt(variance)
    return np.asarray(statistic > NORMAL_99)
