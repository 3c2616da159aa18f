import pytest

from mlci.errors import Invalid
from mlci.render.patches import merged

POD = ("spec", "template", "spec")


def _nested(path, value):
    for key in reversed(path):
        value = {key: value}
    return value


def _patch(kind, *path, value, **rest):
    return {"kind": kind, "patch": _nested(path, value), **rest}


def _refused(make, *patches, **said):
    with pytest.raises(Invalid) as caught:
        make.objects(make.patched(*patches), **said)
    return [str(each) for each in caught.value.problems]


def test_a_patch_changes_what_it_says_and_nothing_else(make):
    tolerations = [{"key": "gpu", "operator": "Exists"}]
    patch = _patch("Rollout", *POD, "tolerations", value=tolerations)
    before, after = make.objects(make.patched()), make.objects(make.patched(patch))
    rollout = after["Rollout", "income"]["spec"]["template"]["spec"]
    assert rollout.pop("tolerations") == tolerations
    for each in (before, after):  # the digest of the template, and of the manifest
        spec = each["Rollout", "income"]["spec"]
        spec["template"]["spec"]["initContainers"][0]["args"][2] = ""
        spec["strategy"] = {}
    assert after == before


def test_a_second_container_needs_no_copy_of_the_first(make):
    sidecar = {
        "name": "logs",
        "image": "registry/logs@sha256:" + "b" * 64,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    mounts = {"name": "server", "volumeMounts": [{"mountPath": "/cache", "name": "mlci-tmp"}]}
    patch = _patch("Rollout", *POD, "containers", value=[sidecar, mounts])
    found = make.objects(make.patched(patch))["Rollout", "income"]["spec"]["template"]["spec"]
    server, logs = found["containers"]
    assert (server["name"], logs["name"]) == ("server", "logs")
    assert [each["mountPath"] for each in server["volumeMounts"]] == [
        "/mlci/model",
        "/tmp",
        "/cache",
    ]


def test_null_removes_a_key():
    assert merged({"a": 1, "b": {"c": 2}}, {"a": None, "b": {"d": None}}) == {"b": {"c": 2}}


def test_a_patch_may_mean_one_object_of_its_kind(make):
    patch = _patch("Service", "metadata", "annotations", value={"a": "b"}, name="income-canary")
    found = make.objects(make.patched(patch), routing=make.gateway)
    assert "annotations" in found["Service", "income-canary"]["metadata"]
    assert "annotations" not in found["Service", "income"]["metadata"]


def test_what_is_not_rendered_cannot_be_patched(make):
    (told,) = _refused(make, _patch("Ingress", "spec", value={}))
    assert told.startswith(
        "releases/income/production.yaml:20:5: a patch of Ingress; expected one of"
    )


OWNED = [
    ("Rollout", ("metadata", "name"), "other"),
    ("Rollout", ("metadata", "labels", "mlci.dev/model"), "other"),
    ("Rollout", ("spec", "replicas"), 9),
    ("Rollout", ("spec", "selector", "matchLabels"), {"a": "b"}),
    ("Rollout", ("spec", "paused"), True),
    ("Rollout", ("spec", "strategy", "canary", "steps"), [{"setWeight": 100}]),
    ("Rollout", ("spec", "strategy", "canary", "analysis"), None),
    ("Rollout", ("spec", "strategy", "canary", "trafficRouting"), {"nginx": {}}),
    ("Rollout", ("spec", "template", "metadata", "annotations", "mlci.dev/release"), "x"),
    ("Rollout", ("spec", "template", "metadata", "labels", "mlci.dev/model"), "x"),
    ("Rollout", (*POD, "initContainers"), []),
    ("Rollout", (*POD, "automountServiceAccountToken"), True),
    ("Rollout", (*POD, "containers"), [{"name": "server", "image": "other"}]),
    (
        "Rollout",
        (*POD, "containers"),
        [{"name": "server", "env": [{"name": "MLCI_PORT", "value": "1"}]}],
    ),
    ("Rollout", (*POD, "volumes"), [{"name": "mlci-model", "hostPath": {"path": "/"}}]),
    ("Service", ("spec", "selector"), {"a": "b"}),
    ("AnalysisTemplate", ("spec", "metrics"), [{"name": "bake", "failureLimit": 9}]),
    ("PodDisruptionBudget", ("spec", "selector"), None),
    ("NetworkPolicy", ("spec", "podSelector"), None),
]


@pytest.mark.parametrize(("kind", "path", "value"), OWNED, ids=[".".join(o[1]) for o in OWNED])
def test_what_is_mlcis_stays_mlcis(kind, path, value, make):
    told = _refused(make, _patch(kind, *path, value=value))
    assert any("a patch of" in each and "doesn't decide" in each for each in told)
    assert all(each.startswith("releases/income/production.yaml:") for each in told)


def test_the_place_is_that_of_what_the_patch_says(make):
    (told,) = _refused(make, _patch("Rollout", "spec", "replicas", value=9))
    assert told.startswith("releases/income/production.yaml:24:8: a patch of spec.replicas;")
