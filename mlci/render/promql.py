"""AnalysisTemplates without an agent, by Argo Rollouts' ``prometheus`` provider.

One number: the candidate's share of failed requests, less what is tolerated of stable's. No data,
no traffic and NaN are neither good nor bad, and a run succeeds by good answers in a row, as with
the agent. What a threshold on a window can't promise is written at the top of every bundle.
"""

from typing import Any

from mlci.records.argo import Argo
from mlci.records.policy import Watch
from mlci.records.prometheus import Arm, selector
from mlci.records.release import Release
from mlci.records.rollout import Strategy
from mlci.render.analysis import API, BAKE, INTERVAL, NEVER, SILENT, VERDICT, polls
from mlci.render.names import analysis, other_service, stable_service, thing

WINDOW = "2m"
AFTER_SWITCH = 600.0  # seconds that blue-green is looked at before the former release may go
WARNING = """\
Judged by Argo's own prometheus provider, without mlci's agent. It can't promise that
- the release passed a gate before it is delivered: whatever is merged is delivered;
- a first deploy is looked at: Rollouts skips steps and analyses;
- few requests are told from enough: a window with 100 requests decides like one with 100,000;
- a look every 10 s stays at its error rate: the more looks, the more false aborts;
- counters that begin inside a window count from their first sample;
- slow answers count; nor a pod that is dead, where its own counters are read;
- Git is put right after an abort."""

_GOOD = "len(result) > 0 && !isNaN(result[0]) && result[0] <= {limit}"
_BAD = "len(result) > 0 && !isNaN(result[0]) && result[0] > {limit}"


def prometheus_templates(release: Release, argo: Argo) -> list[dict[str, Any]]:
    waits = {"count": NEVER, "consecutiveSuccessLimit": "{{args.polls}}"}
    bake = _template(release, argo, BAKE, waits, ["polls"])
    if release.rollout.strategy is Strategy.BLUE_GREEN:
        return [bake]
    return [bake, _template(release, argo, VERDICT, {}, [])]


def measuring(release: Release, purpose: str, seconds: float | None = None) -> dict[str, Any]:
    """What a Rollout says of such an analysis."""
    args: list[dict[str, Any]] = [
        {"name": "canary", "valueFrom": {"podTemplateHashValue": "Latest"}},
        {"name": "stable", "valueFrom": {"podTemplateHashValue": "Stable"}},
    ]
    if seconds is not None:
        args.append({"name": "polls", "value": polls(seconds)})
    return {"templates": [{"templateName": analysis(release, purpose)}], "args": args}


def _template(
    release: Release, argo: Argo, purpose: str, how: dict[str, Any], more: list[str]
) -> dict[str, Any]:
    limit = Watch().error_budget
    counts = argo.counts
    assert counts is not None  # noqa: S101 (validation asks for an address)
    metric = {
        "name": purpose,
        "interval": f"{INTERVAL}s",
        **how,
        "successCondition": _GOOD.format(limit=limit),
        "failureCondition": _BAD.format(limit=limit),
        "failureLimit": 0,
        "inconclusiveLimit": NEVER,
        "consecutiveErrorLimit": SILENT,
        "provider": {"prometheus": {"address": counts.address, "query": _query(release, argo)}},
    }
    args = [{"name": each} for each in ("canary", "stable", *more)]
    name = analysis(release, purpose)
    spec = {"args": args, "metrics": [metric]}
    return thing(API, "AnalysisTemplate", name, release, argo.namespace, spec=spec)


def _query(release: Release, argo: Argo) -> str:
    blue_green = release.rollout.strategy is Strategy.BLUE_GREEN
    # After a switch, the active Service is the candidate's, and there is no other arm beside it.
    service = stable_service(release) if blue_green else other_service(release, "canary")
    canary = _share(release, argo, service, "{{args.canary}}")
    if blue_green:
        return canary
    stable = _share(release, argo, stable_service(release), "{{args.stable}}")
    return f"{canary} - {Watch().tolerated:g} * ({stable} or vector(0))"


def _share(release: Release, argo: Argo, service: str, template: str) -> str:
    """Failed requests by all; nothing where there were none."""
    failed, every = [], []
    arm = Arm(namespace=argo.namespace, model=release.name, service=service, hash=template)
    for each in argo.counts.requests if argo.counts else ():
        counter = selector(each.query, arm)
        every.append(_rate(counter))
        if isinstance(each.code, str):
            failed.append(_rate(f'{counter[:-1]},{each.code}=~"5.*"}}'))
        elif each.code >= 500:
            failed.append(_rate(counter))
    return f"({_sum(failed)}) / ({' + '.join(every)} > 0)"


def _sum(terms: list[str]) -> str:
    return " + ".join(f"({term} or vector(0))" for term in terms)


def _rate(selector: str) -> str:
    return f"sum(rate({selector}[{WINDOW}]))"
