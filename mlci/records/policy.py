"""What must hold, and where: the gates before the merge and the watch after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from mlci.records.rule import Rule
from mlci.records.source import Source
from mlci.records.waiver import Waiver, WaiverRules


@dataclass(frozen=True, kw_only=True)
class GateSpec:
    """One entry of ``gates``; ``parameters`` is what its own schema admits, units unparsed.

    ``index`` is its position in the policy, for places in messages.
    """

    gate: str
    name: str
    index: int
    required: bool
    confidence: float
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Watch:
    """How live traffic is judged. Times in seconds, shares in 0..1, bounds ascending.

    ``harm``: a canary whose rate of bad events is above this multiple of stable's is aborted.
    ``tolerated``: it is promoted once its rate is shown to be below this multiple.
    ``latency_budget``: the share of requests that may be slower than the largest bound.
    ``on_manual_abort``: what a Rollout that a person aborted in the cluster comes to in Git.
    """

    harm: float = 1.1
    tolerated: float = 1.5
    error_budget: float = 0.005
    latency: tuple[float, ...] = (0.025, 0.05, 0.1)
    latency_budget: float = 0.01
    confidence: float = 0.95
    minimum_requests: int = 500
    deadline: float = 7200.0
    on_deadline: str = "pause"
    keep_watching: float = 3600.0
    first_release_regressed: str = "keep"
    on_manual_abort: str = "propose"


@dataclass(frozen=True, kw_only=True)
class Pack:
    """The pack that a policy extends, by its name and the digest of its bytes."""

    name: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class ExamUse:
    """How often the same rows may be sat in recorded runs (None: as often as one likes), and
    whether the runs share one error: each is judged at 1 / ``maximum_runs`` of it (Bonferroni)."""

    maximum_runs: int | None = None
    shared_error: bool = False


@dataclass(frozen=True, kw_only=True)
class GatePolicy:
    """``policies/<name>.yaml`` as it stands at the protected ref (``commit``, "" if offline).

    What it takes over from a ``pack`` is in its fields like what it says itself.
    """

    source: Source
    name: str
    commit: str
    environments: tuple[str, ...]
    models: tuple[str, ...]
    confidence: float
    on_inconclusive: str
    sources: tuple[str, ...]
    evaluations: tuple[str, ...] | None
    gates: tuple[GateSpec, ...]
    watch: Watch
    rules: tuple[Rule, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    waiver_rules: WaiverRules = field(default_factory=WaiverRules)
    pack: Pack | None = None
    exam: ExamUse = field(default_factory=ExamUse)

    @property
    def digests(self) -> tuple[str, ...]:
        """All text that its judgements and rules come from: its own, and its pack's."""
        return (self.source.digest, *((self.pack.digest,) if self.pack else ()))

    def applies_to(self, model: str, environment: str) -> bool:
        """Whether ``appliesTo`` names both; ``*`` in it stands for any characters."""
        return any(fnmatchcase(environment, each) for each in self.environments) and any(
            fnmatchcase(model, each) for each in self.models
        )
