"""Small Rollouts that bear mlci's marks, for tests of what follows and steers them."""

from typing import Any

from mlci.records.labels import MODEL, ours

DIGEST = "sha256:" + "a" * 64
API = "argoproj.io/v1alpha1"
PAUSES: list[dict[str, Any]] = [
    {"setWeight": 50},
    {"pause": {}},
    {"setWeight": 75},
    {"pause": {}},
]


def rollout(
    name: str, version: str, *, steps: list[dict[str, Any]] | None = None, **blue_green: Any
) -> dict[str, Any]:
    """A canary of ``steps``, or blue-green."""
    container = {"name": "model", "image": "any", "command": ["sleep", "3600"]}
    canary = {"steps": PAUSES if steps is None else steps}
    return {
        "apiVersion": API,
        "kind": "Rollout",
        "metadata": {"name": name, "labels": ours("production", name)},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {MODEL: name}},
            "strategy": {"blueGreen": blue_green} if blue_green else {"canary": canary},
            "template": {
                "metadata": {"labels": {MODEL: name}, "annotations": {"mlci.dev/release": version}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
            },
        },
    }


def asking(template: str) -> dict[str, Any]:
    """An analysis that names the manifest."""
    args = [{"name": "digest", "value": DIGEST}]
    return {"templates": [{"templateName": template}], "args": args}


def analysis(name: str, url: str, *, endless: bool = False) -> dict[str, Any]:
    """An AnalysisTemplate that asks the judge until it says REGRESSED or, unless it is endless,
    HEALTHY."""
    metric = {
        "name": "verdict",
        "interval": "1s",
        **({} if endless else {"count": 1000, "consecutiveSuccessLimit": 1}),
        "inconclusiveLimit": 1000,
        "successCondition": "result == 'HEALTHY'",
        "failureCondition": "result == 'REGRESSED'",
        "provider": {
            "web": {"url": f"{url}/analysis/{{{{args.digest}}}}", "jsonPath": "{$.outcome}"}
        },
    }
    return {
        "apiVersion": API,
        "kind": "AnalysisTemplate",
        "metadata": {"name": name},
        "spec": {"args": [{"name": "digest"}], "metrics": [metric]},
    }


def service(name: str) -> dict[str, Any]:
    """As mlci renders what Rollouts steers: without a selector."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}]},
    }
