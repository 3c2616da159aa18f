"""The Rollout: a plain one around the model server."""

from typing import Any

from mlci.records.argo import Argo
from mlci.records.release import Release
from mlci.records.rollout import Strategy
from mlci.render.analysis import API, NEVER
from mlci.render.names import selector, thing
from mlci.render.strategy import strategy
from mlci.render.template import pod_template

# As far back as pods of a former release are known, the way back to it skips steps and analyses.
# Its pods still ask for their admission, which a release that REGRESSED no longer has.
REVISIONS = 10


def unsealed_rollout(release: Release, argo: Argo) -> dict[str, Any]:
    """Its pod template has no init containers yet: they name it by its digest."""
    spec = {
        "replicas": release.replicas,
        "revisionHistoryLimit": REVISIONS,
        "rollbackWindow": {"revisions": REVISIONS},
        "minReadySeconds": round(release.serving.min_ready),
        "progressDeadlineSeconds": _deadline(release),
        "progressDeadlineAbort": True,
        "selector": {"matchLabels": selector(release)},
        "strategy": strategy(release, argo),
        "template": pod_template(release),
    }
    return thing(API, "Rollout", release.name, release, argo.namespace, spec=spec)


def _deadline(release: Release) -> int:
    """Seconds without progress, after which Argo Rollouts aborts.

    It doesn't count while a step of a canary asks or pauses. In blue-green it does: a preview that
    is HELD would be given up. There the agent watches how long a preview takes to be ready;
    nobody's requests wait for it meanwhile.
    """
    if release.rollout.strategy is Strategy.BLUE_GREEN:
        return NEVER
    return round(release.rollout.progress_deadline)
