"""``rollout`` of a release: strategy and steps -> Rollout."""

from collections.abc import Mapping
from typing import Any

from mlci.records.defaults import PROGRESS_DEADLINE, SCALE_DOWN_DELAY
from mlci.records.rollout import AnyStep, Header, Pause, Rollout, Shadow, Step
from mlci.records.strategy import Strategy
from mlci.records.units import seconds, share

# A release that doesn't say how: few requests at risk first, and time to see them go wrong.
DEFAULT_STEPS = (Step(weight=10, bake=300.0), Step(weight=50, bake=300.0))


def rollout(said: Mapping[str, Any] | None) -> Rollout:
    """Of a release that has no problems; None where it says nothing of it."""
    said = said or {}
    strategy = Strategy(said.get("strategy", Strategy.CANARY))
    given = tuple(_step(each) for each in said.get("steps", ()))
    return Rollout(
        strategy=strategy,
        steps=given or (DEFAULT_STEPS if strategy is Strategy.CANARY else ()),
        scale_down_delay=_seconds(said, "scaleDownDelay", SCALE_DOWN_DELAY),
        progress_deadline=_seconds(said, "progressDeadline", PROGRESS_DEADLINE),
        approval=said.get("approval", False),
    )


def _step(said: Mapping[str, Any]) -> AnyStep:
    if "weight" in said:
        return Step(weight=int(said["weight"]), bake=seconds(said["bake"]))
    if "shadow" in said:
        return Shadow(share=share(said["shadow"]), bake=seconds(said["bake"]))
    if "header" in said:
        name, _, value = said["header"].partition("=")
        return Header(name=name, value=value)
    return Pause()


def _seconds(said: Mapping[str, Any], key: str, default: float) -> float:
    return seconds(said[key]) if key in said else default
