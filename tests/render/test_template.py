"""The pod template: what makes it another, and above all what doesn't."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.manifest.release import parse_release
from mlci.render.bundle import bundle
from mlci.render.template import template_digest

MODEL = {"uri": "s3://models/x.onnx", "digest": "sha256:" + "e" * 64, "format": "onnx"}
SERVER = "registry/server@sha256:" + "c" * 64


def _template(make, made=None, **said):
    return make.objects(made, **said)["Rollout", "income"]["spec"]["template"]


SAME = {
    "replicas": {"serving": {"image": SERVER, "replicas": 9}},
    "lineage": {"lineage": {"code": {"repository": "g", "commit": "4f2a9c1"}}},
    "steps": {"rollout": {"steps": [{"weight": 50, "bake": "1h"}]}},
    "strategy": {"rollout": {"strategy": "blueGreen"}},
    "governance": {"governance": {"owner": "b"}},
    "deadline": {"rollout": {"progressDeadline": "20m"}},
    "min ready": {"serving": {"image": SERVER, "minReady": "20s", "replicas": 4}},
}
OTHER = {
    "version": {"version": "1.5.1"},
    "digest": {"model": {**MODEL, "uri": "s3://models/income-1.5.0.onnx"}},
    "uri": {"model": {**MODEL, "digest": "sha256:" + "a" * 64}},
    "image": {"serving": {"image": "registry/server@sha256:" + "f" * 64}},
    "port": {"serving": {"image": SERVER, "port": 9000}},
    "args": {"serving": {"image": SERVER, "args": ["a"]}},
    "command": {"serving": {"image": SERVER, "command": ["a"]}},
    "env": {"serving": {"image": SERVER, "env": {"A": "b"}}},
    "resources": {"serving": {"image": SERVER, "resources": {"limits": {"memory": "1Gi"}}}},
    "spread": {"serving": {"image": SERVER, "spread": []}},
    "startup": {"serving": {"image": SERVER, "startup": "1m"}},
    "patch": {
        "serving": {
            "image": SERVER,
            "patches": [
                {
                    "kind": "Rollout",
                    "patch": {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}},
                }
            ],
        }
    },
}


@pytest.mark.parametrize("made", SAME.values(), ids=SAME)
def test_it_stays_the_same(made, make):
    assert _template(make, make.release(**made)) == _template(make)


@pytest.mark.parametrize("made", OTHER.values(), ids=OTHER)
def test_it_becomes_another(made, make):
    before, after = _template(make), _template(make, make.release(**made))
    assert after != before
    assert template_digest(after) != template_digest(before)


def test_routing_and_the_agents_address_are_not_in_it(make):
    assert _template(
        make, routing=make.gateway, agent="http://elsewhere:1", bundle="helm"
    ) == _template(make)


def test_nothing_of_the_manifests_bytes_is_in_it(make):
    commented = parse_release(
        "releases/income/production.yaml", make.manifest() + b"\n# a comment\n"
    )
    assert commented.digest != make.release().digest
    assert _template(make, commented) == _template(make)
    assert make.release().digest not in str(_template(make))


def test_it_is_named_by_its_digest(make):
    template = _template(make)
    args = template["spec"]["initContainers"][0]["args"]
    assert args[args.index("--template") + 1] == template_digest(template)
    edited = copy.deepcopy(template)
    edited["spec"]["containers"][0]["image"] = "other"
    assert template_digest(edited) != template_digest(template)


def test_what_the_pod_says_of_itself(make):
    template = _template(make)
    assert template["metadata"]["annotations"] == {
        "mlci.dev/release": "income/production@1.5.0",
        "mlci.dev/model-digest": "sha256:" + "a" * 64,
    }
    names = [each["name"] for each in template["spec"]["initContainers"]]
    assert names == ["admitted", "bring"]


VERSIONS = st.from_regex(r"[0-9]\.[0-9]\.[0-9]", fullmatch=True)
ENV = st.dictionaries(
    st.from_regex(r"[A-L]{1,4}", fullmatch=True), st.text("ab: '\"#é\\", max_size=8), max_size=3
)


@settings(max_examples=25)
@given(version=VERSIONS, env=ENV, replicas=st.integers(1, 50), routed=st.booleans())
def test_the_same_release_gives_the_same_bytes(make, version, env, replicas, routed):
    how = {"routing": make.gateway} if routed else {}
    serving = {"image": SERVER, "env": env, "replicas": replicas}
    backwards = {**serving, "env": dict(reversed(env.items()))}
    text, other = (
        make.manifest(version=version, serving=serving),
        make.manifest(version=version, serving=backwards),
    )
    path = "releases/income/production.yaml"
    first, again = (bundle(parse_release(path, text), make.argo(**how)) for _ in range(2))
    assert first == again
    # the order of variables is no difference, as the manifest's digest is outside the template
    one, two = (_template(make, parse_release(path, each)) for each in (text, other))
    assert one == two
