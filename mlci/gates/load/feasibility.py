"""What a load gate costs and whether its budget can decide, said before it runs."""

from mlci.gates.load.evidence import requests_needed
from mlci.gates.load.planning import ERROR_RATE, TAILS, Terms, read_terms
from mlci.gates.load.ratio import LEAST_PAIRS
from mlci.loadtest.blocks import cut
from mlci.records.policy import GateSpec

_START_SECONDS = 5.0


def duration(spec: GateSpec) -> float:
    """Seconds at most: the budget, and the start of servers and generator."""
    return read_terms(spec).budget + _START_SECONDS


def feasible(spec: GateSpec, *, comparing: bool = True) -> str | None:
    """Why the budget can't, or will hardly, decide; None where it should.

    An objective needs so many requests even if none is an event. With events the number is
    larger by far: its median is taken at half of the allowed error rate, and at a quarter of what
    a percentile leaves, as objectives on latency tend to be set with more room.
    """
    terms = read_terms(spec)
    comparing = comparing and bool(terms.ratios)
    plan = cut(terms.rate, terms.budget, rank=terms.rank(comparing=comparing), comparing=comparing)
    problems = []
    if comparing and plan.rounds < LEAST_PAIRS:
        problems.append(f"{plan.rounds} pairs of blocks fit, {LEAST_PAIRS} are the fewest")
    have = int(plan.rounds * plan.seconds * terms.rate)
    for metric, bound in terms.objectives.items():
        theta0 = bound if metric == ERROR_RATE else TAILS[metric]
        usual = theta0 / 2 if metric == ERROR_RATE else theta0 / 4
        problem = _problem(metric, theta0, usual, have, spec.confidence)
        if problem:
            problems.append(problem)
    return "; ".join([*problems, _budget(terms, have)]) if problems else None


def _problem(metric: str, theta0: float, usual: float, have: int, confidence: float) -> str:
    least = requests_needed(0.0, theta0, confidence)
    typical = requests_needed(usual, theta0, confidence)
    name = f"{metric} within {theta0:.2%} of requests"
    if least is None or least > have:
        return f"{name} can't be shown: {_count(least)} requests are needed even with no event"
    if typical is None or typical > have:
        return (
            f"{name} will hardly be shown: {_count(typical)} requests is the median "
            f"with events in {usual:.2%} of them, {_count(least)} with none"
        )
    return ""


def _budget(terms: Terms, have: int) -> str:
    return (
        f"{terms.rate:g}/s for {terms.budget:g} s gives the candidate {have:,} requests: "
        "raise rate or budget"
    )


def _count(number: int | None) -> str:
    return "more than 10^9" if number is None else f"{number:,}"
