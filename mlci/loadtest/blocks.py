"""How a budget is cut into blocks, and the order of the two arms in each pair of them."""

import random
from dataclasses import dataclass

from mlci.loadtest.block import CANDIDATE, CHAMPION

_SMALLEST_SECONDS = 1.0
_LEAST_PAIRS = 8
# Between two blocks the last answers arrive and a line of JSON goes either way.
_BETWEEN_SECONDS = 0.05
_WARM_UP_SHARE = 0.05
_WARM_UP_SECONDS = 2.0
# Requests beyond the percentile that make its estimate in a block more than a maximum.
_BEYOND = 10


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Seconds of a block and of each arm's warm-up; ``rounds`` of one block an arm fit."""

    seconds: float
    warm_up: float
    rounds: int
    arms: int

    @property
    def round_seconds(self) -> float:
        return self.arms * (self.seconds + _BETWEEN_SECONDS)


def cut(rate: float, budget: float, *, rank: float, comparing: bool) -> Cut:
    """Blocks with enough requests for the percentile ``rank`` (0..1), but at least 8 rounds.

    ``rate`` in requests a second, ``budget`` in seconds, warm-up included.
    """
    arms = 2 if comparing else 1
    warm_up = min(_WARM_UP_SECONDS, _WARM_UP_SHARE * budget)
    usable = budget - arms * (warm_up + _BETWEEN_SECONDS)
    longest = max(usable / (arms * _LEAST_PAIRS) - _BETWEEN_SECONDS, 0.05)
    enough = _BEYOND / (1.0 - rank) / rate
    seconds = min(max(enough, _SMALLEST_SECONDS), longest)
    rounds = int(usable / (arms * (seconds + _BETWEEN_SECONDS)) + 1e-9)
    return Cut(seconds=seconds, warm_up=warm_up, rounds=max(rounds, 0), arms=arms)


def pair_order(pair: int, seed: int) -> tuple[str, str]:
    """Which arm goes first: by a coin for every two pairs, of which the second is turned round.

    A steady drift of the machine favours neither arm, nor does being first.
    """
    coin = random.Random(f"{seed}/{pair // 2}").random()  # noqa: S311 - a design, no secret
    return (CANDIDATE, CHAMPION) if (coin < 0.5) == (pair % 2 == 0) else (CHAMPION, CANDIDATE)
