"""One-sample evidence that is not drowned by a long healthy past.

A share of bad requests that was fine for an hour hides what goes wrong now. So the bets against
"the share is at most theta0" also begin anew at fixed times: the first has half of the capital,
the j-th 1/(j(j+1)). The sum of bankrolls is an e-process: the parts of the capital add up to at
most 1, and each bet begins without knowing what follows.
"""

import math
from collections.abc import Sequence

from mlci.statistics.sequential import log_e_fail
from mlci.watch.evidence import Tally

EVERY_SECONDS = 60.0


def log_e_onset(tally: Tally, onsets: Sequence[Tally], theta0: float) -> float:
    """``onsets`` are the cumulative tallies at which bets began, the first of them empty.

    What has not begun yet keeps its capital. The logarithm of an e-value.
    """
    logs = [_unspent(len(onsets))]
    for j, onset in enumerate(onsets, start=1):
        part = tally.since(onset)
        logs.append(log_e_fail(part.bad, part.good, theta0) - math.log(j * (j + 1)))
    top = max(logs)
    return top + math.log(math.fsum(math.exp(each - top) for each in logs))


def _unspent(begun: int) -> float:
    return -math.log(begun + 1)
