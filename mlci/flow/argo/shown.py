"""A model's traffic for ``/metrics``, as the last look saw it."""

from collections.abc import Iterator

from mlci.flow.argo.looking import Looking
from mlci.records.live import LiveRollout
from mlci.watch.metrics import ArmView, ModelView
from mlci.watch.watching import Watching


def model_view(
    model: str, environment: str, version: str, live: LiveRollout | None, looking: Looking
) -> ModelView:
    """``version`` is the one that is watched; an arm that was not counted is left out."""
    watching = looking.watching
    shown = _arms(watching, live, version) if watching is not None and live is not None else ()
    return ModelView(
        model=model, environment=environment, arms=tuple(shown), assessment=looking.current
    )


def canary_weight(live: LiveRollout) -> int:
    """Percent: what the route says, else the last step that moved traffic."""
    if live.promoted:
        return 100
    if live.weights is not None:
        return live.weights[0]
    if live.aborted or live.blue_green:
        return 100 if live.blue_green and live.active_hash == live.current_hash else 0
    done = live.steps[: (live.step or 0) + 1]
    moved = [each["setWeight"] for each in done if "setWeight" in each]
    return int(moved[-1]) if moved else 0


def _arms(watching: Watching, live: LiveRollout, version: str) -> Iterator[ArmView]:
    weight = canary_weight(live)
    if watching.canary_arm.raw is not None:
        counts = watching.canary_arm.raw
        yield ArmView(arm="canary", version=version, weight=weight, counts=counts)
    if watching.stable_arm.raw is not None:
        counts = watching.stable_arm.raw
        yield ArmView(arm="stable", version="", weight=100 - weight, counts=counts)
