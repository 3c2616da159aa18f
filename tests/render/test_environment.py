import pytest

from mlci.errors import BadInput
from mlci.manifest.project import parse_project
from mlci.render.application import KINDS
from mlci.render.environment import settings

DIGEST = "sha256:" + "d" * 64
ENGINE = (
    "{namespace: models, repository: 'https://git.example.com:8443/acme/models.git', "
    f"image: 'registry/mlci@{DIGEST}'"
)
PROJECT = """\
apiVersion: mlci.dev/v1
kind: Project
spec:
  protectedRef: origin/main
  environments: [{name: production, engine: {argo: ENGINE}}]
"""
LOOK = {"get", "list", "watch"}


@pytest.fixture
def objects(make):
    def made(more="", models=("churn", "income")):
        text = PROJECT.replace("ENGINE", f"{ENGINE}{more}}}")
        project = parse_project("mlci.yaml", text.encode())
        files = settings(project, project.environments[0], models)
        documents = [
            each
            for path, content in files.items()
            if "_environment" in path
            for each in make.documents(content)
        ]
        return {each["kind"]: each for each in documents}, files

    return made


@pytest.mark.parametrize("bundle", ["plain", "kustomize", "helm"])
def test_the_objects_are_as_their_definitions_say(bundle, objects, conforms):
    found, files = objects(f", bundle: {bundle}, routing: {{gatewayApi: {{gateway: public}}}}")
    for each in found.values():
        conforms(each)
    source = found["Application"]["spec"]["source"]
    if bundle == "helm":
        assert source["path"] == "deploy/production/_chart"
        assert source["helm"]["valueFiles"] == ["../churn/values.yaml", "../income/values.yaml"]
        assert b"toYaml" in files["deploy/production/_chart/templates/objects.yaml"]


def test_argo_cd_may_apply_what_a_bundle_has_and_no_more(objects, make):
    project = objects()[0]["AppProject"]["spec"]
    assert project["clusterResourceWhitelist"] == []
    assert project["sourceRepos"] == ["https://git.example.com:8443/acme/models.git"]
    assert [each["namespace"] for each in project["destinations"]] == ["models"]
    allowed = {(each["group"], each["kind"]) for each in project["namespaceResourceWhitelist"]}
    assert allowed == {each for each in KINDS if each[1] != "HTTPRoute"}
    rendered = make.objects(routing=make.gateway).values()
    groups = {
        (each["apiVersion"].rpartition("/")[0].partition("/")[0], each["kind"]) for each in rendered
    }
    assert groups == set(KINDS)


def test_what_rollouts_writes_is_no_difference_and_a_retry_takes_the_newest(objects):
    spec = objects()[0]["Application"]["spec"]
    (services,) = spec["ignoreDifferences"]
    assert services["kind"] == "Service"
    assert "/spec/selector/rollouts-pod-template-hash" in services["jsonPointers"]
    assert spec["syncPolicy"]["syncOptions"] == ["RespectIgnoreDifferences=true"]
    assert spec["syncPolicy"]["retry"]["refresh"] is True
    assert spec["source"]["targetRevision"] == "main"
    assert spec["source"]["directory"] == {"recurse": True, "exclude": "_environment/*"}


def test_the_agent_may_do_what_it_has_to_and_no_more(objects):
    found, files = objects()
    verbs = {
        (group, resource): set(rule["verbs"])
        for rule in found["Role"]["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert verbs == {
        ("argoproj.io", "rollouts"): LOOK | {"patch"},
        ("argoproj.io", "rollouts/status"): {"patch"},
        ("argoproj.io", "analysisruns"): LOOK,
        ("apps", "replicasets"): LOOK,
        ("", "pods"): LOOK,
        ("", "services"): LOOK,
        ("", "configmaps"): LOOK | {"create", "patch"},
        ("", "namespaces"): {"get"},
    }
    assert not any("Secret" in kind or kind.startswith("Cluster") for kind in found)
    assert b"secretName: mlci-agent-git" in files["deploy/production/_environment/agent.yaml"]
    (_, out) = found["NetworkPolicy"]["spec"]["egress"]
    assert [each["port"] for each in out["ports"]] == [443, 6443, 8443, 9090]


@pytest.mark.parametrize("key", ["image", "repository"])
def test_what_is_needed_and_not_said(key):
    engine = {"image": "repository: 'https://g/a'", "repository": f"image: 'r/m@{DIGEST}'"}[key]
    text = PROJECT.replace("ENGINE", f"{{namespace: models, {engine}}}")
    project = parse_project("mlci.yaml", text.encode())
    with pytest.raises(BadInput, match=f"no key '{key}'"):
        settings(project, project.environments[0], [])
