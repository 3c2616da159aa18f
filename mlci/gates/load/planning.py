"""What the load gate is asked for, and the judgements that must arrive."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlci.errors import BadInput
from mlci.gates.planning import judgement
from mlci.records.judgement import Limit, LimitKind, Planned
from mlci.records.policy import GatePolicy, GateSpec
from mlci.records.units import per_second, seconds, share

ID = "load"

ERROR_RATE = "errorRate"
# Metric -> the share of requests that may lie beyond it.
TAILS = {"p50": 0.50, "p95": 0.05, "p99": 0.01}
_DEFAULT_BUDGET = "120s"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The gate's parameters: requests a second, seconds, shares and ratios."""

    rate: float
    budget: float
    objectives: Mapping[str, float]
    ratios: Mapping[str, float]

    @property
    def smallest_objective(self) -> float | None:
        """The smallest bound on a latency, in seconds."""
        return min(
            (bound for name, bound in self.objectives.items() if name in TAILS), default=None
        )

    @property
    def timeout(self) -> float:
        """Seconds after which a request has failed: well beyond every objective."""
        largest = max(
            (bound for name, bound in self.objectives.items() if name in TAILS), default=1.25
        )
        return max(4.0 * largest, 2.0)

    def rank(self, *, comparing: bool) -> float:
        """The largest percentile that a block should be able to tell, in 0..1."""
        names = [*self.objectives, *(self.ratios if comparing else ())]
        return max((1.0 - TAILS[name] for name in names if name in TAILS), default=0.5)


def read_terms(spec: GateSpec) -> Terms:
    """From parameters that the policy's schema has admitted. Raises ValueError otherwise."""
    given = spec.parameters
    return Terms(
        rate=per_second(given["rate"]),
        budget=seconds(given.get("budget", _DEFAULT_BUDGET)),
        objectives={
            metric: share(bound) if metric == ERROR_RATE else seconds(bound)
            for metric, bound in given.get("objectives", {}).items()
        },
        ratios={
            metric: float(ratio)
            for metric, ratio in given.get("champion", {}).get("maximumRatio", {}).items()
        },
    )


def plan(spec: GateSpec, policy: GatePolicy, *, comparing: bool) -> tuple[Planned, ...]:
    """One judgement an objective and, when ``comparing``, one a ratio. Raises BadInput."""
    terms = read_terms(spec)
    _check(terms, spec, policy)
    limits = [
        (metric, Limit(kind=LimitKind.OBJECTIVE, value=bound))
        for metric, bound in terms.objectives.items()
    ]
    if comparing:
        limits += [
            (metric, Limit(kind=LimitKind.MAXIMUM_RATIO, value=ratio))
            for metric, ratio in terms.ratios.items()
        ]
    return tuple(judgement(spec, policy, metric, limit) for metric, limit in limits)


def _check(terms: Terms, spec: GateSpec, policy: GatePolicy) -> None:
    """What no test can decide is said before anything runs."""
    base = ("spec", "gates", spec.index)
    nothing = not terms.objectives and not terms.ratios
    problems: list[tuple[bool, tuple[str, ...], str, str]] = [
        (nothing, (), "a load gate without a limit", "objectives, or champion.maximumRatio"),
        (not terms.rate > 0, ("rate",), "a rate of nothing", "more than 0/s"),
        (not terms.budget > 0, ("budget",), "a budget of nothing", "some seconds, such as 120s"),
    ]
    for metric, bound in terms.objectives.items():
        top = 1.0 if metric == ERROR_RATE else float("inf")
        found = f"{metric} {spec.parameters['objectives'][metric]}"
        expected = "between 0% and 100%, both excluded" if top == 1.0 else "more than 0ms"
        problems.append((not 0.0 < bound < top, ("objectives", metric), found, expected))
    for metric, ratio in terms.ratios.items():
        keys = ("champion", "maximumRatio", metric)
        problems.append((not ratio > 1.0, keys, f"a ratio of {ratio:g}", "more than 1"))
    for wrong, path, found, expected in problems:
        if wrong:
            place = policy.source.at(*base, *path)
            raise BadInput(place=place, found=found, expected=expected)
