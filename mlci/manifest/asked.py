"""What a release that has no problems asks of the engine that is to deliver it."""

from collections.abc import Iterator

from mlci.manifest.engines import ROLLOUT, STEPS, Asked
from mlci.manifest.yaml import Keys
from mlci.records.defaults import PROGRESS_DEADLINE, SCALE_DOWN_DELAY
from mlci.records.release import Release
from mlci.records.rollout import Header, Pause, Rollout, Shadow
from mlci.records.strategy import Strategy


def asked_by(release: Release) -> Asked:
    rollout = release.rollout
    return Asked(
        asks=tuple(_asks(rollout)),
        image=release.serving.image,
        uri=release.model.uri,
        format=release.model.format,
    )


def _asks(rollout: Rollout) -> Iterator[tuple[Keys, str]]:
    if rollout.strategy is Strategy.BLUE_GREEN:
        yield (*ROLLOUT, "strategy"), str(rollout.strategy)
    if rollout.scale_down_delay != SCALE_DOWN_DELAY:
        yield (*ROLLOUT, "scaleDownDelay"), "scaleDownDelay"
    if rollout.progress_deadline != PROGRESS_DEADLINE:
        yield (*ROLLOUT, "progressDeadline"), "progressDeadline"
    words = {Pause: "pause", Shadow: "shadow", Header: "header"}
    for index, step in enumerate(rollout.steps):
        if (word := words.get(type(step))) is not None:
            yield (*STEPS, index, word), word
