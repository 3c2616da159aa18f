"""AnalysisTemplates that ask the agent, by Argo Rollouts' ``web`` provider.

An answer is one word. Every metric has both conditions, so that a word of which neither is true is
inconclusive: it ends nothing, and counts for nothing. A run succeeds by successes in a row
(``consecutiveSuccessLimit``), never by having asked often enough: its ``count`` is out of reach.
"""

import math
from typing import Any

from mlci.records.argo import Argo
from mlci.records.release import Release
from mlci.records.rollout import Strategy
from mlci.render.names import analysis, thing

API = "argoproj.io/v1alpha1"
ADMISSION, BAKE, VERDICT, PROMOTE = "admission", "bake", "verdict", "promote"

INTERVAL = 10  # seconds; Argo Rollouts asks again after 10 s where it got no answer, too
NEVER = 2**31 - 1  # the largest limit there is
# Two minutes without an answer while users are at stake: traffic goes back, and nothing else.
SILENT = 11

_GOOD = 'result in ["HEALTHY", "WATCHING"]'
_HEALTHY = 'result == "HEALTHY"'
_BAD = 'result == "REGRESSED"'


def templates(release: Release, argo: Argo) -> list[dict[str, Any]]:
    """One for each thing that is asked."""
    admission = _web(
        release, argo, ADMISSION, "admission", {**_waits(_GOOD, 1), "consecutiveErrorLimit": NEVER}
    )
    promote = _web(
        release, argo, PROMOTE, "analysis", {**_waits(_HEALTHY, 1), "consecutiveErrorLimit": SILENT}
    )
    if release.rollout.strategy is Strategy.BLUE_GREEN:
        return [admission, promote]
    bake = _web(
        release,
        argo,
        BAKE,
        "analysis",
        {**_waits(_GOOD, "{{args.polls}}"), "consecutiveErrorLimit": SILENT},
    )
    verdict = _web(
        release,
        argo,
        VERDICT,
        "analysis",
        {
            "interval": f"{INTERVAL}s",
            "successCondition": _GOOD,
            "failureCondition": _BAD,
            "failureLimit": 0,
            "inconclusiveLimit": NEVER,
            "consecutiveErrorLimit": SILENT,
        },
    )
    return [admission, bake, verdict, promote]


def asking(release: Release, purpose: str, **args: str) -> dict[str, Any]:
    """What a Rollout says of an analysis: its template, and which manifest it is about.

    The manifest's digest stands here, outside the pod template.
    """
    given = {"digest": release.digest, **args}
    return {
        "templates": [{"templateName": analysis(release, purpose)}],
        "args": [{"name": name, "value": value} for name, value in given.items()],
    }


def polls(seconds: float) -> str:
    """How many answers in a row, the first at once, span that many seconds."""
    return str(math.ceil(seconds / INTERVAL) + 1)


def _waits(condition: str, successes: int | str) -> dict[str, Any]:
    """Ends by REGRESSED, or by so many successes in a row; until then it goes on without an end."""
    return {
        "interval": f"{INTERVAL}s",
        "count": NEVER,
        "consecutiveSuccessLimit": successes,
        "successCondition": condition,
        "failureCondition": _BAD,
        "failureLimit": 0,
        "inconclusiveLimit": NEVER,
    }


def _web(
    release: Release, argo: Argo, purpose: str, path: str, how: dict[str, Any]
) -> dict[str, Any]:
    url = f"{argo.agent}/{path}/{release.environment}/{release.name}/{{{{args.digest}}}}"
    metric = {
        "name": purpose,
        **how,
        "provider": {"web": {"url": url, "timeoutSeconds": 5, "jsonPath": "{$.outcome}"}},
    }
    templated = isinstance(how.get("consecutiveSuccessLimit"), str)
    args = [{"name": "digest"}, *([{"name": "polls"}] if templated else [])]
    name = analysis(release, purpose)
    spec = {"args": args, "metrics": [metric]}
    return thing(API, "AnalysisTemplate", name, release, argo.namespace, spec=spec)
