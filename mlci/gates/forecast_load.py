"""What a load gate's budget could show, before a request is sent."""

import math

from mlci.gates.decision import POWER
from mlci.gates.forecast import Forecast
from mlci.gates.load.evidence import detectable_share
from mlci.gates.load.planning import ERROR_RATE, TAILS, read_terms
from mlci.loadtest.blocks import cut
from mlci.records.judgement import LimitKind, Planned
from mlci.records.policy import GateSpec
from mlci.statistics.proportions import quantile


def loaded(spec: GateSpec, planned: Planned, *, comparing: bool) -> Forecast:
    """Requests (of a ratio: pairs of blocks) within the budget, and the distance below an error
    rate's limit that they show. Of a percentile only the share of slower requests is known."""
    terms = read_terms(spec)
    comparing = comparing and bool(terms.ratios)
    blocks = cut(
        terms.rate, terms.budget, rank=terms.rank(comparing=comparing), comparing=comparing
    )
    if planned.limit.kind is LimitKind.MAXIMUM_RATIO:
        return _ratio(planned, blocks.rounds)
    requests = int(blocks.rounds * blocks.seconds * terms.rate)
    allowed = planned.limit.value if planned.metric == ERROR_RATE else TAILS[planned.metric]
    share = detectable_share(requests, allowed, planned.confidence) if requests else None
    if planned.metric == ERROR_RATE:
        shown = None if share is None else allowed - share
        return Forecast(n=requests, unit="requests", detectable=shown, assuming="the whole budget")
    seen = "no share" if share is None else f"at most {share:.2%}"
    assuming = f"{seen} of requests slower than the limit ({allowed:.0%} may be)"
    return Forecast(n=requests, unit="requests", detectable=None, assuming=assuming)


def _ratio(planned: Planned, pairs: int) -> Forecast:
    """The spread of the blocks' ratios isn't known: the largest with which it decides is said."""
    both = quantile(planned.confidence) + quantile(POWER)
    spread = math.expm1(math.log(planned.limit.value) * math.sqrt(pairs) / both)
    assuming = f"an equally fast model, and blocks whose ratios spread by at most {spread:.0%}"
    return Forecast(n=pairs, unit="pairs of blocks", detectable=None, assuming=assuming)
