"""The pod template, and the digest that names it.

Nothing in it depends on the commit, the time, the pipeline, the manifest's digest or the number of
replicas: what ran before comes back under the identical template hash.
"""

import json
from collections.abc import Mapping
from typing import Any

from mlci.records.argo import Argo
from mlci.records.digest import digest_of
from mlci.records.labels import ENVIRONMENT, HASH, MODEL, admissions
from mlci.records.release import Release
from mlci.records.serving import Spread
from mlci.render.containers import TEMPLATE, USER, init_containers, server
from mlci.render.names import MODEL_DIGEST, RELEASE, selector

Template = dict[str, Any]


def pod_template(release: Release) -> Template:
    """Without init containers, which name it by its digest (``sealed``)."""
    return {
        "metadata": {
            "labels": {ENVIRONMENT: release.environment, MODEL: release.name},
            "annotations": {
                RELEASE: f"{release.name}/{release.environment}@{release.version}",
                MODEL_DIGEST: release.model.digest,
            },
        },
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "terminationGracePeriodSeconds": 60,
            "topologySpreadConstraints": [
                _spread(each, release) for each in release.serving.spread
            ],
            "containers": [server(release)],
            "volumes": [
                {
                    "name": "mlci-admissions",
                    "configMap": {"name": admissions(release.name), "optional": True},
                },
                {"name": "mlci-model", "emptyDir": {}},
                {"name": "mlci-tmp", "emptyDir": {}},
            ],
        },
    }


def sealed(template: Template, release: Release, argo: Argo) -> Template:
    """With the init containers, the first of which asks for the admission of this very template.

    Without an agent nobody admits, and there is none to ask.
    """
    if argo.judge != "agent":
        return _with_init(template, release, argo, "")
    digest = template_digest(_with_init(template, release, argo, ""))
    return _with_init(template, release, argo, digest)


def template_digest(template: Mapping[str, Any]) -> str:
    """64 hexadecimal digits: what the agent admits, and a valid key of a ConfigMap.

    Of a sealed template it is what its own argument says.
    """
    spec = template["spec"]
    first = spec["initContainers"][0]
    args = list(first["args"])
    args[args.index(TEMPLATE) + 1] = ""
    bare = {
        **template,
        "spec": {**spec, "initContainers": [{**first, "args": args}, *spec["initContainers"][1:]]},
    }
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return digest_of(text.encode()).removeprefix("sha256:")


def _with_init(template: Template, release: Release, argo: Argo, digest: str) -> Template:
    spec = dict(template["spec"])
    containers = spec.pop("containers")
    volumes = spec.pop("volumes")
    return {
        **template,
        "spec": {
            **spec,
            "initContainers": init_containers(release, argo, digest),
            "containers": containers,
            "volumes": volumes,
        },
    }


def _spread(spread: Spread, release: Release) -> dict[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": spread.over,
        "whenUnsatisfiable": "DoNotSchedule" if spread.required else "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(release)},
        "matchLabelKeys": [HASH],
    }
