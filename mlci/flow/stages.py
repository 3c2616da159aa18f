"""The stages of a delivery by the embedded engine, from what a manifest says of its rollout. Pure.

A canary's steps are its stages. Blue-green is a preview, a person's yes where one is asked for, and
a switch: so both go the same way, and only what is in force in a stage differs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mlci.records.rollout import Header, Pause, Rollout, Shadow, Step, Strategy

# Requests with this header, its value the model's name, reach a preview.
PREVIEW = "Mlci-Preview"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What is in force between two moves: ``weight`` percent of the traffic for the canary, all
    requests of ``testers``, copies of a ``shadow`` share (0..1) of the others.

    It lasts ``bake`` seconds, and while nothing is seen of it where it has to be ``seen``; until a
    person says yes (``waits``); until requests like the exam's rows were answered (``smoke``).
    ``alone``: the canary is judged by the budgets, not beside stable. ``says`` names it.
    """

    says: str
    weight: int = 0
    testers: tuple[Header, ...] = ()
    shadow: float = 0.0
    bake: float = 0.0
    seen: bool = False
    waits: bool = False
    smoke: bool = False
    alone: bool = False


def stages(rollout: Rollout, model: str, *, first: bool = False) -> tuple[Stage, ...]:
    """At least one, the last of them with a weight. ``first``: nothing serves beside the canary,
    so that there are no requests to copy."""
    if rollout.strategy is Strategy.BLUE_GREEN:
        return tuple(_blue_green(rollout, model))
    plan = tuple(_canary(rollout))
    return tuple(map(_alone, plan)) if first else plan


def _blue_green(rollout: Rollout, model: str) -> Iterator[Stage]:
    testers = (Header(name=PREVIEW, value=model),)
    yield Stage(says="previewed", testers=testers, smoke=True)
    if rollout.approval:
        yield Stage(says="{approval: true}", testers=testers, waits=True)
    yield Stage(says="switched to", weight=100, seen=True, alone=True)


def _canary(rollout: Rollout) -> Iterator[Stage]:
    weight, testers = 0, tuple[Header, ...]()
    for step in rollout.steps:
        match step:
            case Step():
                weight = step.weight
                says = _share(weight)
                yield Stage(says=says, weight=weight, testers=testers, bake=step.bake, seen=True)
            case Shadow():
                yield Stage(
                    says=f"gets copies of {step.share:.4g} of the requests",
                    weight=weight,
                    testers=testers,
                    shadow=step.share,
                    bake=step.bake,
                    seen=True,
                )
            case Header():
                testers = (*testers, step)
                says = f"is for requests with {step.name}={step.value}"
                yield Stage(says=says, weight=weight, testers=testers)
            case Pause():
                yield Stage(says="{pause: approval}", weight=weight, testers=testers, waits=True)
    if not isinstance(rollout.steps[-1], Step):
        yield Stage(says=_share(weight), weight=weight, testers=testers, seen=True)


def _alone(stage: Stage) -> Stage:
    """A first release's: there is nothing to share traffic with, or to get copies from."""
    if stage.shadow:
        return replace(stage, shadow=0.0, bake=0.0, seen=False)
    has_all = stage.says == _share(stage.weight)
    return replace(stage, says="has all traffic: a first release") if has_all else stage


def _share(weight: int) -> str:
    return f"at {weight} %"
