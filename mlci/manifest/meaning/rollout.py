"""Steps that a rollout can take, in the time that it has."""

from typing import Any

from mlci.manifest.document import dig, mappings
from mlci.manifest.problems import Problems, one_of, show
from mlci.manifest.quantities import amount
from mlci.records.defaults import MIN_READY, PROGRESS_DEADLINE, STARTUP
from mlci.records.strategy import Strategy
from mlci.records.units import seconds

# What makes a step; those of the second line stay for a while.
MEANINGS = ("weight", "pause", "shadow", "header")
_BAKED = ("weight", "shadow")
_HERE = ("spec", "rollout")


def check_rollout(value: Any, problems: Problems) -> None:
    """Adds what is wrong with the meaning of whatever could be read."""
    said = dig(value, *_HERE)
    blue_green = dig(said, "strategy") == Strategy.BLUE_GREEN
    if blue_green and isinstance(dig(said, "steps"), list):
        expected = "none: blueGreen switches all traffic at once"
        problems.add((*_HERE, "steps"), "steps", expected)
    elif not blue_green and dig(said, "approval") is True:
        expected = "a step {pause: approval}: approval is of blueGreen"
        problems.add((*_HERE, "approval"), "approval", expected)
    if not blue_green:
        _check_steps(value, problems)
    _check_deadline(value, problems)


def _check_steps(value: Any, problems: Problems) -> None:
    before, moved = 0, False
    for index, step in mappings(value, *_HERE, "steps"):
        keys = (*_HERE, "steps", index)
        said = [each for each in MEANINGS if each in step]
        if len(said) > 1:
            found = " and ".join(map(show, said))
            problems.add((*keys, said[1]), found, f"{one_of(MEANINGS)} in a step")
        elif not said:
            found = f"no key {show('weight')}"
            problems.add(keys, found, one_of(MEANINGS))
        elif said[0] in _BAKED and "bake" not in step:
            problems.add(keys, "no key 'bake'", f"the keys {show(said[0])}, 'bake'")
        elif said[0] not in _BAKED and "bake" in step:
            problems.add((*keys, "bake"), "a bake", f"none: {said[0]} takes no time of its own")
        moved |= "weight" in step
        weight = step.get("weight")
        if isinstance(weight, int):
            if 0 < weight <= before:
                expected = f"weights that ascend: more than {before}"
                problems.add((*keys, "weight"), f"{weight} after {before}", expected)
            before = weight
    steps = dig(value, *_HERE, "steps")
    if isinstance(steps, list) and steps and not moved:
        found = "no step with a weight"
        problems.add((*_HERE, "steps"), found, "live requests to judge by: a step with a weight")


def _check_deadline(value: Any, problems: Problems) -> None:
    """Argo asks for more than the time to be ready; a model needs its time to load besides."""
    deadline = _read(value, (*_HERE, "progressDeadline"), PROGRESS_DEADLINE)
    startup = _read(value, ("spec", "serving", "startup"), STARTUP)
    ready = _read(value, ("spec", "serving", "minReady"), MIN_READY)
    if deadline <= startup + ready:
        said = dig(value, *_HERE, "progressDeadline") is not None
        keys = (*_HERE, "progressDeadline") if said else ("spec", "serving", "startup")
        problems.add(
            keys,
            f"a progress deadline of {deadline:g} s",
            f"more than the {startup + ready:g} s that a model may take to start and be ready",
            "raise rollout.progressDeadline",
        )


def _read(value: Any, keys: tuple[str, ...], default: float) -> float:
    read = amount(seconds, dig(value, *keys))
    return default if read is None else read
