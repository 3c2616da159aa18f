"""Roots of many falling functions at once, by Chandrupatla's method (1997)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def falling_root(
    function: Callable[[Floats], Floats],
    low: ArrayLike,
    high: ArrayLike,
    tolerance: float = 1e-11,
    ends: tuple[Floats, Floats] | None = None,
) -> Floats:
    """Where each element of ``function`` crosses zero between ``low`` and ``high``.

    Inverse quadratic interpolation where it is safe, bisection elsewhere. A function that stays
    above zero gives ``high``, one that stays below gives ``low``. ``ends``: its values at both,
    where they are known.
    """
    a, b = (np.array(each, float) for each in np.broadcast_arrays(low, high))
    fa, fb = (function(a), function(b)) if ends is None else ends
    # Without a crossing both ends become the end that is the answer, and stay there.
    a, b = np.where(fb > 0, b, a), np.where(fa < 0, a, b)
    fa, fb = np.where(fb > 0, 0.0, fa), np.where(fa < 0, 0.0, fb)
    t = np.full(a.shape, 0.5)
    for _ in range(100):
        if np.all(np.abs(b - a) <= tolerance * (1.0 + np.abs(a))):
            break
        x = a + t * (b - a)
        fx = function(x)
        # a is the newest point, b the other end of the bracket, c the point that was given up.
        same = np.sign(fx) == np.sign(fa)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb = np.where(same, b, a), np.where(same, fb, fa)
        a, fa = x, fx
        t = _next_step(a, b, c, fa, fb, fc, tolerance)
    return np.asarray(np.where(np.abs(fa) <= np.abs(fb), a, b))


def _next_step(
    a: Floats, b: Floats, c: Floats, fa: Floats, fb: Floats, fc: Floats, tolerance: float
) -> Floats:
    """How far to go from a towards b, as a share of the bracket."""
    with np.errstate(all="ignore"):
        place, height = (a - b) / (c - b), (fa - fb) / (fc - fb)
        quadratic = fa / (fb - fa) * fc / (fb - fc)
        quadratic += (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        safe = (height**2 < place) & ((1 - height) ** 2 < 1 - place) & np.isfinite(quadratic)
        least = np.minimum(0.5 * tolerance * (1.0 + np.abs(a)) / np.abs(b - a), 0.5)
    least = np.where(np.isfinite(least), least, 0.5)
    return np.where(safe, np.clip(quadratic, least, 1.0 - least), 0.5)
