"""Each rule has a patch, or an object edited by hand, that breaks it."""

import copy

import pytest

from mlci.errors import Invalid
from mlci.render.bundle import faults

STRATEGY = ("spec", "strategy")
CANARY = (*STRATEGY, "canary")
BLUE_GREEN = (*STRATEGY, "blueGreen")
POD = ("spec", "template", "spec")
METRICS = ("spec", "metrics")


def _set(target, path, value):
    *above, last = path
    for key in above:
        target = target[key] if isinstance(target, list) else target.setdefault(key, {})
    if value is None:
        target.pop(last, None)
    else:
        target[last] = value


def _found(make, kind, edits, rollout=None, **said):
    made = make.release(rollout=rollout or {"steps": [{"weight": 5, "bake": "2m"}]})
    objects = copy.deepcopy(list(make.objects(made, **said).values()))
    for target in objects:
        if target["kind"] == kind:
            for path, value in edits:
                _set(target, path, value)
            if kind != "Rollout":
                break
    return [each.found for each in faults(made, objects)]


ROLLOUT = [
    ("progressDeadlineSeconds", [(("spec", "progressDeadlineSeconds"), 10)], "10"),
    (
        "no abort",
        [(("spec", "progressDeadlineAbort"), False)],
        "no abort where there is no progress",
    ),
    ("workloadRef", [(("spec", "workloadRef"), {"name": "a"})], "workloadRef"),
    (
        "selector",
        [(("spec", "selector", "matchLabels"), {"a": "b"})],
        "a selector that the pod template's labels don't match",
    ),
    ("history", [(("spec", "revisionHistoryLimit"), 2)], "more revisions than the 2 that are kept"),
    (
        "delay limit",
        [((*CANARY, "scaleDownDelayRevisionLimit"), 11)],
        "more revisions than are kept",
    ),
    ("strategies", [(BLUE_GREEN, {"activeService": "a"})], "canary and blueGreen"),
    ("no strategy", [(CANARY, None)], "no strategy"),
    ("anti affinity", [((*CANARY, "antiAffinity"), {})], "not one of preferred and required"),
    (
        "anti affinity's weight",
        [
            (
                (*CANARY, "antiAffinity"),
                {"preferredDuringSchedulingIgnoredDuringExecution": {"weight": 0}},
            )
        ],
        "a weight outside 1..100",
    ),
    ("delay", [((*CANARY, "scaleDownDelaySeconds"), 1)], "no trafficRouting"),
    ("dynamic", [((*CANARY, "dynamicStableScale"), True)], "no trafficRouting"),
    ("surge", [((*CANARY, "maxSurge"), "0%")], "no surge, and none may be unavailable"),
    ("two things", [((*CANARY, "steps", 0, "pause"), {})], "setWeight and pause"),
    ("weight", [((*CANARY, "steps", 0, "setWeight"), 101)], "101"),
    (
        "timed pause",
        [((*CANARY, "steps", 0), {"pause": {"duration": "1h"}})],
        "a pause that ends by itself, seen or unseen",
    ),
    ("scale", [((*CANARY, "steps", 0), {"setCanaryScale": {"replicas": 1}})], "no trafficRouting"),
    (
        "header",
        [((*CANARY, "steps", 0), {"setHeaderRoute": {"name": "a"}})],
        "routing that can't do it",
    ),
    (
        "nginx needs both",
        [((*CANARY, "trafficRouting"), {"nginx": {"stableIngress": "a"}})],
        "no two Services",
    ),
    ("nginx", [((*CANARY, "trafficRouting"), {"nginx": {}})], "not exactly one"),
    ("no such service", [((*CANARY, "stableService"), "gone")], "the Service gone"),
    ("host", [((*POD, "hostNetwork"), True)], "hostNetwork"),
    ("root", [((*POD, "securityContext", "runAsUser"), 0)], "root"),
    ("perhaps root", [((*POD, "securityContext", "runAsNonRoot"), False)], "perhaps root"),
    ("seccomp", [((*POD, "securityContext", "seccompProfile"), None)], "no seccomp profile"),
    (
        "privileges",
        [((*POD, "containers", 0, "securityContext", "allowPrivilegeEscalation"), None)],
        "privileges that may grow",
    ),
    ("root here", [((*POD, "containers", 0, "securityContext", "runAsUser"), 0)], "root"),
    (
        "capabilities",
        [((*POD, "containers", 0, "securityContext", "capabilities", "add"), ["SYS_ADMIN"])],
        "capabilities",
    ),
    ("host port", [((*POD, "containers", 0, "ports", 0, "hostPort"), 80)], "a port of the node"),
    ("volume", [((*POD, "volumes", 0), {"name": "a", "hostPath": {}})], "a volume of hostPath"),
]


@pytest.mark.parametrize(("edits", "told"), [r[1:] for r in ROLLOUT], ids=[r[0] for r in ROLLOUT])
def test_rules_of_a_rollout(edits, told, make):
    assert told in _found(make, "Rollout", edits)


def test_rules_of_routing(make):
    def found(*edits, **rest):
        return _found(make, "Rollout", edits, routing=make.gateway, **rest)

    assert found() == []
    assert "one Service for both" in found(((*CANARY, "canaryService"), "income"))
    assert "scaleDownDelaySeconds besides" in found(((*CANARY, "dynamicStableScale"), True))
    header = {"steps": [{"header": "a=b"}, {"weight": 5, "bake": "2m"}]}
    managed = ((*CANARY, "trafficRouting", "managedRoutes"), [])
    told = "a route that managedRoutes doesn't name"
    assert told in found(managed, rollout=header)
    mirror = ((*CANARY, "steps", 0), {"setMirrorRoute": {"name": "a"}})
    assert "routing that can't do it" in found(mirror)


def test_rules_of_blue_green(make):
    def found(*edits):
        return _found(make, "Rollout", edits, rollout={"strategy": "blueGreen"})

    assert found() == []
    assert "one Service for both" in found(((*BLUE_GREEN, "previewService"), "income"))
    assert "a switch by the clock" in found(((*BLUE_GREEN, "autoPromotionSeconds"), 30))


def test_a_service_with_labels_that_the_pods_lack(make):
    edits = [(("spec", "selector"), {"mlci.dev/model": "other"})]
    found = _found(make, "Service", edits, routing=make.gateway)
    assert "the Service income with another mlci.dev/model" in found


METRIC = [
    ("same name", {"name": "admission"}, "a second metric of this name"),
    ("no interval", {"count": 3}, "3 measurements"),
    ("no end", {"interval": "10s"}, "an interval without an end"),
    ("cannot fail", {"count": 2, "interval": "1s", "failureLimit": 2}, "2 of 2"),
    ("cannot fail once", {"failureLimit": 1}, "1 of 1"),
    ("never fails", {"failureLimit": -1}, "failures without a limit"),
    ("too few", {"count": 2, "interval": "1s", "consecutiveSuccessLimit": 3}, "2 measurements"),
    ("inconclusive", {"count": 2, "interval": "1s", "inconclusiveLimit": 3}, "2 measurements"),
    ("two providers", {"provider": {"web": {}, "prometheus": {}}}, "2 providers"),
    ("job", {"provider": {"job": {}}}, "a Job"),
    ("no condition", {"successCondition": None}, "no condition"),
    (
        "only failure",
        {"successCondition": None, "failureCondition": "a"},
        "only a failureCondition",
    ),
]


@pytest.mark.parametrize(("said", "told"), [m[1:] for m in METRIC], ids=[m[0] for m in METRIC])
def test_rules_of_a_metric_that_a_patch_adds(said, told, make):
    metric = {"name": "mine", "successCondition": "a", "provider": {"web": {"url": "x"}}} | said
    metric = {key: value for key, value in metric.items() if value is not None}
    made = make.release()
    objects = copy.deepcopy(list(make.objects(made).values()))
    template = next(each for each in objects if each["kind"] == "AnalysisTemplate")
    template["spec"]["metrics"].append(metric)
    assert told in [each.found for each in faults(made, objects)]


def test_no_metric_and_a_dry_run(make):
    assert "no metric" in _found(make, "AnalysisTemplate", [(METRICS, [])])
    dry = [(("spec", "dryRun"), [{"metricName": ".*"}])]
    assert "dryRun" in _found(make, "AnalysisTemplate", dry)


def test_what_a_patch_breaks_is_told_at_its_line(make):
    job = {"name": "mine", "provider": {"job": {}}}
    patch = {
        "kind": "AnalysisTemplate",
        "name": "income-bake",
        "patch": {"spec": {"metrics": [job]}},
    }
    with pytest.raises(Invalid) as caught:
        make.objects(make.patched(patch))
    (told,) = map(str, caught.value.problems)
    assert told.startswith(
        "releases/income/production.yaml:25:8: AnalysisTemplate income-bake, "
        "spec.metrics.1.provider.job: a Job; expected another provider"
    )
