"""What a live Rollout says of one delivery. Pure.

Only its own manifest's rendering is looked at: a Rollout that Argo CD has not synced yet, that
somebody edited, or that asks for a newer release already, says nothing of this one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mlci.records.delivery import DeliveryRecord, State
from mlci.records.live import LiveAnalysis, LiveRollout
from mlci.render.template import template_digest

_ANALYSIS = re.compile(r"assessed (Failed|Error)\b")
_EDITED = "the Rollout in the cluster was edited: it isn't the rendering of the manifest it names"
_TOO_LATE = ("timed out progressing", "ProgressDeadlineExceeded")


class Stage(StrEnum):
    """ABSENT: nothing of it is there. EDITED: what names its manifest isn't that one's rendering.
    INVALID: Argo can't use the spec. STOPPED: a step waits for a
    person. FAILED: aborted by REGRESSED, or never ready. SILENT: aborted as nobody answered.
    ABORTED: by a person."""

    ABSENT = "absent"
    EDITED = "edited"
    INVALID = "invalid"
    MOVING = "moving"
    STOPPED = "stopped"
    PROMOTED = "promoted"
    FAILED = "failed"
    SILENT = "silent"
    ABORTED = "aborted"

    @property
    def back(self) -> bool:
        """Argo has taken all traffic from it."""
        return self in (Stage.FAILED, Stage.SILENT, Stage.ABORTED)


@dataclass(frozen=True, kw_only=True)
class Fate:
    """``reason`` is for people; ``step`` the index of the step that it is at."""

    stage: Stage
    reason: str = ""
    step: int | None = None


def fate(
    live: LiveRollout | None, analyses: Sequence[LiveAnalysis], manifest: str, template: str
) -> Fate:
    """``manifest`` is the delivery's manifest digest, ``template`` its pod template's."""
    if live is None:
        return Fate(stage=Stage.ABSENT, reason="its Rollout isn't in the cluster yet")
    if not same_template(live.template, template) or live.digests != (manifest,):
        if manifest in live.digests:
            return Fate(stage=Stage.EDITED, reason=_EDITED)
        return Fate(stage=Stage.ABSENT, reason="the Rollout in the cluster asks for something else")
    if not live.settled:
        return Fate(stage=Stage.ABSENT, reason="Argo Rollouts has not looked at it yet")
    if live.invalid:
        return Fate(stage=Stage.INVALID, reason=live.invalid)
    if live.aborted and live.aborted_at:
        return _aborted(live, analyses)
    if live.promoted:
        return Fate(stage=Stage.PROMOTED, reason=live.message)
    if _waits_for_a_person(live, analyses):
        return Fate(stage=Stage.STOPPED, reason=_where(live), step=live.step)
    return Fate(stage=Stage.MOVING, reason=live.message, step=live.step)


def same_template(live: Mapping[str, object], digest: str) -> bool:
    """Whether a live pod template is the one of that digest, to the last word."""
    try:
        return template_digest(live) == digest
    except (KeyError, ValueError, IndexError, TypeError):
        return False


def steered(live: LiveRollout | None, manifest: str, strategy: Mapping[str, Any]) -> str:
    """Why its traffic doesn't move as Git says, whatever its pods are; or empty."""
    if live is None or live.digests != (manifest,) or live.strategy in ({}, strategy):
        return ""
    return "the Rollout's strategy in the cluster was edited: it isn't Git's"


def left(history: Sequence[DeliveryRecord], live: LiveRollout | None) -> DeliveryRecord | None:
    """The delivery that is over since Git asks for another, where the Rollout still asks for it."""
    newest = {each.manifest_digest: each for each in history if each.state is not State.APPROVED}
    digests = live.digests if live is not None else ()
    found = newest.get(digests[0]) if len(digests) == 1 else None
    return found if found is not None and found.state is State.SUPERSEDED else None


def own_runs(live: LiveRollout, analyses: Sequence[LiveAnalysis]) -> list[LiveAnalysis]:
    """The analyses of what the Rollout asks for now."""
    return [each for each in analyses if each.template_hash == live.current_hash]


def unready(live: LiveRollout, analyses: Sequence[LiveAnalysis]) -> bool:
    """A blue-green preview that was never ready: nothing was asked about it. Argo's own deadline
    would run on while it is HELD, so it is out of reach there."""
    waits = live.blue_green and live.active_hash != live.current_hash
    return waits and not own_runs(live, analyses)


def _aborted(live: LiveRollout, analyses: Sequence[LiveAnalysis]) -> Fate:
    """Argo's own message says why; the run's own answer, where it is still there, says more."""
    found = _ANALYSIS.search(live.message)
    if found is not None and found[1] == "Failed":
        failed = [each for each in own_runs(live, analyses) if each.phase == "Failed"]
        said = "; ".join(_told(each) for each in failed) or live.message
        return Fate(stage=Stage.FAILED, reason=said)
    if found is not None:
        return Fate(stage=Stage.SILENT, reason=live.message)
    if live.late or any(word in live.message for word in _TOO_LATE):
        return Fate(stage=Stage.FAILED, reason=f"it never became ready: {live.message}")
    return Fate(stage=Stage.ABORTED, reason=live.message or "aborted in the cluster")


def _told(run: LiveAnalysis) -> str:
    metrics = ", ".join(
        f"{each.name} {each.value or each.phase}" for each in run.metrics if each.phase == "Failed"
    )
    return f"AnalysisRun {run.name} Failed: {metrics or run.message}"


def _waits_for_a_person(live: LiveRollout, analyses: Sequence[LiveAnalysis]) -> bool:
    if not live.blue_green:
        at = live.steps[live.step] if live.step is not None and live.step < len(live.steps) else {}
        return "pause" in at and "CanaryPauseStep" in live.paused_for
    before = [each for each in own_runs(live, analyses) if each.kind == "PrePromotion"]
    asked = bool(before) and before[-1].phase == "Successful"
    return asked and "BlueGreenPause" in live.paused_for


def _where(live: LiveRollout) -> str:
    if live.blue_green:
        return "the switch waits for approval"
    return f"step {(live.step or 0) + 1} of {len(live.steps)} waits for approval"
