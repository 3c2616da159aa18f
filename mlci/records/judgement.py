"""What is to be judged, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlci.records.limit import Limit as Limit
from mlci.records.limit import LimitKind as LimitKind
from mlci.records.outcome import Outcome
from mlci.records.waiver import Waived


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One judgement that must arrive. ``id`` is ``policy/gate name/metric/limit[/slice]``.

    ``place`` is the ``path:line:column`` of the limit in its policy; empty where nobody noted it.
    ``alarm``: it passes unless something is shown beyond the limit; else it must be shown within.
    ``of_training``: only where the release's lineage names its training data.
    """

    id: str
    policy: str
    gate: str
    metric: str
    limit: Limit
    required: bool
    confidence: float
    slice: Mapping[str, Any] | None = None
    gate_index: int = 0
    place: str = ""
    alarm: bool = False
    of_training: bool = False


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the policy makes of a measurement.

    ``interval`` is the pair of one-sided bounds, each at ``planned.confidence``; ``n`` the sample
    size behind it (rows, requests or blocks); ``detectable`` the smallest true effect that would
    be shown at this size with power 0.8; ``needed`` the sample size that would decide. A number
    that could not be had is None and ``reason`` says why; no number is ever NaN or infinite. A
    ``waived`` one keeps its outcome.
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
    waived: Waived | None = None
