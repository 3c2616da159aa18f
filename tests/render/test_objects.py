import itertools

import pytest

from mlci.render.bundle import bundle, faults

ROLLOUTS = [
    {},
    {"strategy": "blueGreen"},
    {"steps": [{"pause": "approval"}, {"weight": 5, "bake": "2m"}]},
]


@pytest.mark.parametrize(("rollout", "routing"), [*itertools.product(ROLLOUTS, [False, True])])
def test_every_object_is_as_its_definition_says_and_breaks_no_rule(
    rollout, routing, make, conforms
):
    made = make.release(rollout=rollout)
    how = {"routing": make.gateway} if routing else {}
    found = make.objects(made, **how)
    for each in found.values():
        conforms(each)
        assert each["metadata"]["namespace"] == "models"
    assert list(faults(made, list(found.values()))) == []


@pytest.mark.parametrize(
    ("rollout", "routing", "steered"),
    [
        ({}, True, ["income", "income-canary"]),
        ({"strategy": "blueGreen"}, False, ["income", "income-preview"]),
    ],
)
def test_no_applier_owns_a_selector_that_rollouts_steers(rollout, routing, steered, make):
    found = make.objects(
        make.release(rollout=rollout), **({"routing": make.gateway} if routing else {})
    )
    services = {name: each for (kind, name), each in found.items() if kind == "Service"}
    assert sorted(services) == steered
    assert all("selector" not in each["spec"] for each in services.values())


def test_where_pods_split_the_traffic_one_service_has_them_all(make):
    found = make.objects()
    assert found["Service", "income"]["spec"]["selector"] == {"mlci.dev/model": "income"}
    assert sum(kind == "Service" for kind, _ in found) == 1
    assert not any(kind == "HTTPRoute" for kind, _ in found)


def test_the_route_begins_with_everything_on_stable(make):
    route = make.objects(routing=make.gateway)["HTTPRoute", "income"]["spec"]
    assert route["parentRefs"] == [{"name": "public", "namespace": "gateways"}]
    assert route["hostnames"] == ["m.example"]
    (rule,) = route["rules"]
    assert [(each["name"], each["weight"]) for each in rule["backendRefs"]] == [
        ("income", 100),
        ("income-canary", 0),
    ]


def test_a_pod_reaches_out_only_for_its_model(make):
    def ports(uri):
        model = {"uri": uri, "digest": "sha256:" + "a" * 64, "format": "onnx"}
        policy = make.objects(make.release(model=model))["NetworkPolicy", "income"]["spec"]
        return [port["port"] for rule in policy["egress"] for port in rule["ports"]]

    assert ports("https://models.example/x.onnx") == [53, 53, 443]
    assert ports("file:///models/x.onnx") == [53, 53]


@pytest.mark.parametrize("kind", ["plain", "kustomize", "helm"])
def test_the_three_kinds_of_bundle_hold_the_same_objects(kind, make):
    files = bundle(make.release(), make.argo(bundle=kind))
    folder = "deploy/production/income"
    if kind == "helm":
        (values,) = make.documents(files[f"{folder}/values.yaml"])
        found = values["models"]["income"]["objects"]
    else:
        found = make.documents(files[f"{folder}/bundle.yaml"])
    assert found == list(make.objects().values())
    if kind == "kustomize":
        assert make.documents(files[f"{folder}/kustomization.yaml"])[0]["resources"] == [
            "bundle.yaml"
        ]
