"""What a cluster says of releases that Argo Rollouts delivers, and of their analyses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AnalysisKind(StrEnum):
    """When Argo Rollouts asks; the values are those of its label ``rollout-type``."""

    STEP = "Step"
    BACKGROUND = "Background"
    PRE_PROMOTION = "PrePromotion"
    POST_PROMOTION = "PostPromotion"


class PauseReason(StrEnum):
    """Why the controller pauses a Rollout."""

    STEP = "CanaryPauseStep"
    BLUE_GREEN = "BlueGreenPause"
    INCONCLUSIVE = "InconclusiveAnalysisRun"


@dataclass(frozen=True, kw_only=True)
class LiveRollout:
    """A Rollout as it stands in the cluster.

    ``version`` is its resourceVersion. ``settled``: the controller has seen the latest spec, so
    that the rest is about it. ``template`` is the pod template, ``strategy`` what the spec says of
    how traffic moves, ``digests`` are the manifests that its analyses ask about (normally one).
    ``step`` is an index into ``steps``, their number once all are done; 0 after an abort.
    ``paused_for`` are the controller's own pauses; none of them while ``controller_paused`` means
    that somebody has ended the pause. ``weights`` are percent of canary and stable where a route
    splits the traffic. The hashes name ReplicaSets; those that don't apply are empty. ``revision``
    counts the templates that the controller has met, from 1. ``available`` of ``desired`` pods are
    ready.
    """

    name: str
    uid: str
    version: str
    settled: bool
    template: Mapping[str, Any]
    digests: tuple[str, ...]
    revision: int
    current_hash: str
    stable_hash: str
    phase: str
    message: str
    aborted: bool
    aborted_at: str
    step: int | None
    steps: tuple[Mapping[str, Any], ...]
    paused_for: tuple[str, ...]
    controller_paused: bool
    spec_paused: bool
    invalid: str
    late: bool
    weights: tuple[int, int] | None
    blue_green: bool
    active_hash: str
    preview_hash: str
    available: int
    desired: int
    strategy: Mapping[str, Any] = field(default_factory=dict)

    @property
    def promoted(self) -> bool:
        """What the spec asks for has all of the traffic, for good."""
        return (
            self.settled
            and self.phase == "Healthy"
            and not self.aborted
            and bool(self.current_hash)
            and self.current_hash == self.stable_hash
        )

    @property
    def first(self) -> bool:
        """There was never another template here: no step and no analysis comes before the traffic.

        The controller calls the first one stable at once, ready or not.
        """
        return self.revision <= 1


@dataclass(frozen=True, kw_only=True)
class LiveMetric:
    """``value`` is what its last measurement gave; empty while there is none."""

    name: str
    phase: str
    value: str
    message: str


@dataclass(frozen=True, kw_only=True)
class LiveAnalysis:
    """An AnalysisRun of a Rollout. ``phase`` is empty before the controller has seen it; ``step``
    is the step that it belongs to, None for all but those of steps."""

    name: str
    rollout: str
    template_hash: str
    kind: AnalysisKind
    step: int | None
    phase: str
    message: str
    started_at: str
    metrics: tuple[LiveMetric, ...]


@dataclass(frozen=True, kw_only=True)
class Live:
    """All that is followed, at one moment.

    ``analyses`` are by their Rollout's name, in the order in which they were made. ``unread`` says,
    by the same name, why a Rollout or an analysis of it can't be understood: nothing may be decided
    about that one. Where ``trouble`` isn't empty this isn't current, and nothing may be decided
    about any. ``read_at`` is the moment until which it is known to be whole, ``event_at`` that of
    the last change; both of ``time.monotonic()``.
    """

    rollouts: Mapping[str, LiveRollout]
    analyses: Mapping[str, tuple[LiveAnalysis, ...]]
    unread: Mapping[str, str]
    read_at: float
    event_at: float
    trouble: str
