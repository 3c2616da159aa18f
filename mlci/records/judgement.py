"""What is to be judged, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mlci.records.outcome import Outcome


class LimitKind(StrEnum):
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    MARGIN = "margin"
    MAXIMUM_DIFFERENCE = "maximumDifference"
    MINIMUM_RATIO = "minimumRatio"
    MAXIMUM_RATIO = "maximumRatio"
    OBJECTIVE = "objective"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What a measurement is held against; ``value`` in the metric's unit (latency: seconds)."""

    kind: LimitKind
    value: float


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One judgement that must arrive. ``id`` is ``policy/gate name/metric/limit[/slice]``."""

    id: str
    policy: str
    gate: str
    metric: str
    limit: Limit
    required: bool
    confidence: float
    slice: Mapping[str, Any] | None = None
    gate_index: int = 0


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the policy makes of a measurement.

    ``interval`` is the pair of one-sided bounds, each at ``planned.confidence``; ``n`` the sample
    size behind it (rows, requests or blocks); ``detectable`` the smallest true effect that would
    be shown at this size with power 0.8; ``needed`` the sample size that would decide. A number
    that could not be had is None and ``reason`` says why; no number is ever NaN or infinite.
    """

    planned: Planned
    outcome: Outcome
    reason: str
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    n: int = 0
    detectable: float | None = None
    needed: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
