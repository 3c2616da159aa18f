"""One-sample evidence that may be looked at after every request: e-processes of a proportion.

An e-value is a bankroll that started at 1 and can't be expected to grow while the hypothesis holds;
the chance that it EVER reaches 1/alpha is then at most alpha (Ville's inequality). All functions
give its logarithm. Compare with ``log(1 / alpha)``.
"""

import math
from collections.abc import Sequence

from scipy.special import betainc, betaln

_EXACT = 1e-200  # betainc loses digits long before it underflows


def log_e_pass(over: int, under: int, theta0: float) -> float:
    """Against "the share of events is at least theta0"; grows while it is smaller.

    ``over`` events and ``under`` requests without one. The bet is spread evenly over all shares
    below theta0: B(t+1, h+1) I_theta0(t+1, h+1) / (theta0^(t+1) (1-theta0)^h).
    """
    _check(over, under, theta0)
    return _log_mixture(over, under, theta0)


def log_e_fail(over: int, under: int, theta0: float) -> float:
    """Against "the share of events is at most theta0"; grows while it is larger."""
    _check(over, under, theta0)
    return _log_mixture(under, over, 1.0 - theta0)


def mean_log_e(logs: Sequence[float]) -> float:
    """The logarithm of the mean of e-values, which is an e-value however they depend."""
    if not logs:
        raise ValueError("the mean of no e-values")
    top = max(logs)
    if top == -math.inf:
        return top
    return top + math.log(math.fsum(math.exp(each - top) for each in logs) / len(logs))


def _log_mixture(t: int, h: int, theta: float) -> float:
    """log of the mean, over s uniform in (0, theta), of (s/theta)^t ((1-s)/(1-theta))^h."""
    a, b = t + 1.0, h + 1.0
    regularised = float(betainc(a, b, theta))
    if regularised > _EXACT:
        likelihood = a * math.log(theta) + h * math.log1p(-theta)
        return float(betaln(a, b)) + math.log(regularised) - likelihood
    return math.log1p(-theta) - math.log(a) + math.log(_tail_fraction(a, b, theta))


def _tail_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method.

    I_x(a, b) = x^a (1-x)^b / (a B(a, b)) times it. Used where I_x is tiny, which is far in the
    tail, where it converges in a few steps.
    """
    tiny = 1e-300
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        before = value
        for term in (even, odd):
            d = 1.0 / (1.0 + term * d or tiny)
            c = 1.0 + term / c or tiny
            value *= c * d
        if abs(value - before) < 1e-14 * abs(value):
            return value
    raise ArithmeticError("the incomplete beta function's continued fraction didn't converge")


def _check(over: int, under: int, theta0: float) -> None:
    if over < 0 or under < 0 or not 0.0 < theta0 < 1.0:
        raise ValueError(f"{over!r} over and {under!r} under {theta0!r}: not counts and a share")
