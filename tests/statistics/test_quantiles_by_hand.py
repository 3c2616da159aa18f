"""The difference of two models' quantiles: less wide by what their rows have in common."""

import numpy as np
import pytest
from scipy.special import ndtri

from mlci.statistics.quantiles import Rows, quantile_difference, quantile_estimate


@pytest.mark.parametrize("alike", [0.0, 0.8, 1.0])
def test_rows_below_both_quantiles_are_common(alike):
    rng = np.random.default_rng(5)
    own = rng.exponential(1, 300)
    other = np.where(rng.random(300) < alike, 1.3 * own, 1.3 * rng.exponential(1, 300))
    rows = Rows(candidate=own, champion=other)
    one, two = (quantile_estimate(rows, 0.5, 0.95, model) for model in (0, 1))
    found = quantile_difference(rows, 0.5, 0.95)
    below = np.corrcoef(own <= one.estimate, other <= two.estimate)[0, 1]
    z = ndtri(0.95)
    common = max(below, 0) * 300 / (300 + z * z)

    def reach(first, second):
        return np.sqrt(first**2 + second**2 - 2 * common * first * second)

    gap = one.estimate - two.estimate
    down = reach(one.estimate - one.lower, two.upper - two.estimate)
    up = reach(one.upper - one.estimate, two.estimate - two.lower)
    assert found.estimate == pytest.approx(gap)
    assert (found.lower, found.upper) == (pytest.approx(gap - down), pytest.approx(gap + up))
