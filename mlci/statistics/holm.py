"""Holm's step-down (1979): many comparisons, one family error."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def holm(p_values: ArrayLike) -> Floats:
    """Adjusted p-values: rejecting those <= alpha keeps the family's error <= alpha."""
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    steps = np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * steps), 1.0)
    return adjusted


def holm_levels(p_values: ArrayLike, alpha: float) -> Floats:
    """The level at which each comparison was decided: an interval at it agrees with Holm.

    A rejected comparison has the level of its own step, alpha / (comparisons left at its step);
    all others share the level of the step that stopped, alpha / (comparisons not rejected). The
    intervals of those not rejected, together with the statement that the rejected lie beyond
    their limits, hold for the whole family at once (Guilbaud 2008; Strassburger and Bretz 2008).
    How far beyond a rejected one lies holds at its step's level only.
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    steps = np.arange(p.size, 0, -1)
    passed = np.cumprod(p[order] * steps <= alpha).astype(bool)
    left = np.where(passed, steps, max(int(p.size - passed.sum()), 1))
    levels = np.empty_like(p)
    levels[order] = alpha / left
    return levels


def _checked(p_values: ArrayLike) -> Floats:
    p = np.asarray(p_values, float)
    if p.ndim != 1 or not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p-values are a list of numbers in [0, 1]")
    return p
