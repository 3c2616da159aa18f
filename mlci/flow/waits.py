"""The stages of a delivery as people are shown them, each with what it waits for. Pure."""

from typing import Any

from mlci.flow.stages import Stage, stages
from mlci.records.release import Release
from mlci.records.units import seconds_text


def waits(release: Release, *, first: bool) -> list[dict[str, Any]]:
    """As the schemas of plan and status describe ``stages``, numbered as records of a pause number
    them. ``first``: nothing HEALTHY is beside the release."""
    plan = stages(release.rollout, release.name, first=first)
    return [
        {
            "step": at,
            "kind": _kind(stage),
            "says": stage.says,
            "weight": 100 if first and stage.weight else stage.weight,
            "bakeSeconds": stage.bake,
            "waitsFor": _waits_for(stage, release, last=at == len(plan)),
        }
        for at, stage in enumerate(plan, start=1)
    ]


def _kind(stage: Stage) -> str:
    if stage.waits:
        return "pause"
    if stage.smoke:
        return "preview"
    if stage.shadow:
        return "shadow"
    if stage.alone:
        return "switch"
    return "weight" if stage.seen else "header"


def _waits_for(stage: Stage, release: Release, *, last: bool) -> str:
    if stage.waits:
        return f"a person: mlci approve {release.path}"
    if stage.smoke:
        return "right answers to rows of the exam, and the policies' load objectives"
    evidence = "evidence that it is HEALTHY" if last else ""
    watched = f"{seconds_text(stage.bake)} of watching without harm" if stage.bake else ""
    return ", then ".join(filter(None, (watched, evidence))) or "nothing"
