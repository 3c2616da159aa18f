"""The strategies of a Rollout.

Canary: nothing before the admission, a bake is an analysis and never a bare pause, and the last
word is HEALTHY. Blue-green: admission before the switch, HEALTHY before the former one may go.
"""

from collections.abc import Callable, Iterator
from typing import Any

from mlci.records.argo import Argo
from mlci.records.release import Release
from mlci.records.rollout import Header, Pause, Step, Strategy
from mlci.render.analysis import ADMISSION, BAKE, PROMOTE, VERDICT, asking, polls
from mlci.render.names import other_service, stable_service
from mlci.render.promql import AFTER_SWITCH, measuring

PLUGIN = "argoproj-labs/gatewayAPI"
ABORT_DELAY = 30  # seconds that the candidate's pods stay after an abort, for connections to end
_FIRST_AFTER_ADMISSION = 2


def strategy(release: Release, argo: Argo) -> dict[str, Any]:
    if release.rollout.strategy is Strategy.BLUE_GREEN:
        return {"blueGreen": _blue_green(release, argo)}
    return {"canary": _canary(release, argo)}


def testers(release: Release, index: int) -> str:
    """The route of a header step."""
    return f"{release.name}-testers-{index}"


def _blue_green(release: Release, argo: Argo) -> dict[str, Any]:
    rollout = release.rollout
    asked = {
        "prePromotionAnalysis": asking(release, ADMISSION),
        "postPromotionAnalysis": asking(release, PROMOTE),
    }
    if argo.judge != "agent":
        asked = {"postPromotionAnalysis": measuring(release, BAKE, AFTER_SWITCH)}
    return {
        "activeService": stable_service(release),
        "previewService": other_service(release, "preview"),
        "autoPromotionEnabled": not rollout.approval,
        **asked,
        "scaleDownDelaySeconds": round(rollout.scale_down_delay),
        "abortScaleDownDelaySeconds": ABORT_DELAY,
    }


def _canary(release: Release, argo: Argo) -> dict[str, Any]:
    shared = {
        "maxSurge": "25%",
        "maxUnavailable": 0,
        **(_routing(release, argo) if argo.gateway else {}),
    }
    if argo.judge != "agent":
        steps = [*_steps(release, lambda bake: measuring(release, BAKE, bake))]
        return {**shared, "analysis": measuring(release, VERDICT), "steps": steps}
    return {
        **shared,
        "analysis": {**asking(release, VERDICT), "startingStep": _FIRST_AFTER_ADMISSION},
        "steps": [
            {"setWeight": 0},
            {"analysis": asking(release, ADMISSION)},
            *_steps(release, lambda bake: asking(release, BAKE, polls=polls(bake))),
            {"analysis": asking(release, PROMOTE)},
        ],
    }


def _routing(release: Release, argo: Argo) -> dict[str, Any]:
    headers = [
        {"name": testers(release, index)}
        for index, step in enumerate(release.rollout.steps)
        if isinstance(step, Header)
    ]
    route = {"name": release.name, **({"useHeaderRoutes": True} if headers else {})}
    return {
        "stableService": stable_service(release),
        "canaryService": other_service(release, "canary"),
        "scaleDownDelaySeconds": round(release.rollout.scale_down_delay),
        "abortScaleDownDelaySeconds": ABORT_DELAY,
        "trafficRouting": {
            **({"managedRoutes": headers} if headers else {}),
            "plugins": {PLUGIN: {"namespace": argo.namespace, "httpRoutes": [route]}},
        },
    }


def _steps(release: Release, baking: Callable[[float], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The steps in between, as the manifest has them; ``baking`` is the analysis of a bake."""
    moved = scaled = False
    for index, step in enumerate(release.rollout.steps):
        match step:
            case Step():
                if scaled:
                    # From here on the weight says again how many pods there are.
                    yield {"setCanaryScale": {"matchTrafficWeight": True}}
                moved, scaled = True, False
                yield {"setWeight": step.weight}
                yield {"analysis": baking(step.bake)}
            case Pause():
                yield {"pause": {}}
            case Header():
                if not moved and not scaled:
                    # At weight 0 there is no pod yet for testers to reach.
                    yield {"setCanaryScale": {"replicas": 1}}
                    scaled = True
                match_ = {"headerName": step.name, "headerValue": {"exact": step.value}}
                yield {"setHeaderRoute": {"name": testers(release, index), "match": [match_]}}
