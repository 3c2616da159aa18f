"""When requests arrive: an open schedule, which no slow answer can hold up."""

import numpy as np


def arrivals(rate: float, seconds: float, seed: int) -> tuple[float, ...]:
    """A Poisson process of ``rate`` requests a second on [0, seconds), ascending; never empty.

    Given their number, Poisson arrivals are uniform (order statistics of the process), so the
    number is drawn first.
    """
    random = np.random.default_rng(seed)
    number = max(int(random.poisson(rate * seconds)), 1)
    return tuple(np.sort(random.uniform(0.0, seconds, number)).tolist())
