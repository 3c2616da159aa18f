"""What earlier scrapes scattered takes strength from the next one's evidence."""

import numpy as np
import pytest

from mlci.statistics.rate_ratio import RateRatio, grid


def test_evidence_is_divided_by_the_dispersion_of_earlier_scrapes():
    state = RateRatio.start(harm=1.0, tolerated=1.5)
    for canary, stable in ((2, 40), (30, 12), (1, 45), (28, 9)):
        state = state.update(canary, stable, 100, 100)
    assert state.dispersion > 3
    after = state.update(12, 20, 150, 300)
    odds = grid(1.0, 1.5) + np.log(150 / 300)
    step = -12 * np.logaddexp(0, -odds) - 20 * np.logaddexp(0, odds)
    step -= step[np.searchsorted(grid(1.0, 1.5), 0.0)]
    assert after.likelihood - state.likelihood == pytest.approx(step / state.dispersion)
