"""What counts of requests show about a share: allowed events, bounds, requests needed.

All follow from the two e-processes of ``mlci.statistics.sequential``, so that what is shown beside
a decision never contradicts it.
"""

import math
from collections.abc import Callable

from scipy.special import betaincinv

from mlci.statistics.sequential import log_e_fail, log_e_pass

_MOST_REQUESTS = 10**9
_POWER = 0.8


def threshold(confidence: float) -> float:
    """The log e-value at which a decision falls."""
    return -math.log1p(-confidence)


def allowed(requests: int, theta0: float, confidence: float) -> int:
    """The most events among ``requests`` that show a share below ``theta0``; -1 if none does."""
    enough = threshold(confidence)
    return (
        _first(
            lambda events: log_e_pass(events, requests - events, theta0) < enough, 0, requests + 1
        )
        - 1
    )


def forbidden(requests: int, theta0: float, confidence: float) -> int:
    """The fewest events that show a share above ``theta0``; ``requests`` + 1 if none does."""
    enough = threshold(confidence)
    return _first(
        lambda events: log_e_fail(events, requests - events, theta0) >= enough, 0, requests + 1
    )


def share_bounds(events: int, requests: int, confidence: float) -> tuple[float, float]:
    """The one-sided bounds on the share, each valid at every look together."""
    enough, under = threshold(confidence), requests - events
    low, high = 0.0, 1.0
    if events:
        low = _cross(
            lambda share: log_e_fail(events, under, share) < enough, 0.0, events / requests
        )
    if under:
        high = _cross(
            lambda share: log_e_pass(events, under, share) >= enough, events / requests, 1.0
        )
    return low, high


def detectable_share(requests: int, theta0: float, confidence: float) -> float | None:
    """The largest true share that ``requests`` would show below ``theta0`` with power 0.8."""
    events = allowed(requests, theta0, confidence)
    if events < 0:
        return None
    return (
        1.0 if events >= requests else float(betaincinv(events + 1, requests - events, 1 - _POWER))
    )


def requests_needed(share: float, theta0: float, confidence: float) -> int | None:
    """Requests after which a true ``share`` is shown to lie on its side of ``theta0``.

    At the expected counts, that is at about the median; None beyond 10^9.
    """
    enough = threshold(confidence)
    evidence = log_e_pass if share < theta0 else log_e_fail

    def decides(requests: int) -> bool:
        events = round(share * requests)
        return evidence(events, requests - events, theta0) >= enough

    most = 1
    while not decides(most):
        most *= 2
        if most > _MOST_REQUESTS:
            return None
    return _first(decides, most // 2, most)


def _first(true: Callable[[int], bool], low: int, high: int) -> int:
    """The first number in [low, high) of which a monotone statement is true; ``high`` if none."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if true(middle) else (middle + 1, high)
    return low


def _cross(true: Callable[[float], bool], low: float, high: float) -> float:
    """Where a monotone statement turns true between two numbers, on the outer side of it."""
    for _ in range(50):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (low, middle) if true(middle) else (middle, high)
    return high
