"""A plug-in's metric in fairlearn's MetricFrame: its values, and the quantiles of its bootstrap.

What the frame resamples are positions of rows; the metric is looked up by them. So both models are
resampled together, and a difference is that of the same rows.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.statistics.resampled import FEWEST_BEYOND

SEED = 20240229

Positions = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Resampled:
    """``lower[0]`` is the FEWEST_BEYOND-th smallest value of the resamples, those behind it follow;
    ``upper`` the same from the other end."""

    value: float
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]

    def bounds(self, beyond: int) -> tuple[float, float]:
        """The ``beyond``-th value from either end."""
        at = beyond - FEWEST_BEYOND
        return float(self.lower[at]), float(self.upper[at])


def resample(
    metric: Callable[[Positions], float], sizes: Mapping[str, int], resamples: int
) -> dict[str, Resampled]:
    """By level; ``sizes`` are the rows of each, which follow one another. Raises as ``metric``
    does, and Broken without fairlearn."""
    frames = _library()
    count = sum(sizes.values())
    positions = np.arange(count)
    # The k-th smallest of B values is their quantile at (k - 1) / (B - 1), as NumPy counts.
    orders = np.arange(FEWEST_BEYOND, (resamples + 1) // 2 + 1)
    quantiles = ((orders - 1) / (resamples - 1)).tolist()
    frame = frames.MetricFrame(
        metrics={"value": lambda rows, _: metric(rows)},
        y_true=positions,
        y_pred=positions,
        sensitive_features=np.repeat(np.arange(len(sizes)), list(sizes.values())),
        n_boot=resamples,
        ci_quantiles=[*quantiles, *(1.0 - each for each in quantiles)],
        random_state=SEED,
    )
    values = frame.by_group["value"].to_numpy(float)
    found = np.array([each["value"].to_numpy(float) for each in frame.by_group_ci])
    lower, upper = found[: len(quantiles)], found[len(quantiles) :]
    return {
        level: Resampled(value=float(values[at]), lower=lower[:, at], upper=upper[:, at])
        for at, level in enumerate(sizes)
    }


def seconds(rows: int, resamples: int) -> float:
    """About how long ``resample`` takes for one function of the rows."""
    return math.ceil(resamples * (0.02 + 6e-6 * rows))


def _library() -> Any:
    try:
        import fairlearn.metrics
    except ImportError as error:
        raise Broken(
            place="fairlearn",
            found=f"{error}",
            expected="fairlearn, whose MetricFrame resamples metrics of plug-ins",
            next_step="install mlci[plugins]",
        ) from error
    return fairlearn.metrics
