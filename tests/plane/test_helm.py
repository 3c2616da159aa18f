"""The chart that ships, run by the real helm: it applies what the plain bundle holds, as it is."""

import json
import subprocess

import pytest
import yaml

from mlci import cli

pytestmark = [pytest.mark.journey, pytest.mark.plane]
DIGEST = "sha256:" + "d" * 64
CANARY = {"steps": [{"header": "x-tester=yes"}, {"pause": "approval"}, {"weight": 5, "bake": "2m"}]}
# What a template, YAML 1.1 or a float would make something else of.
ODD = {
    "A": "{{ .Release.Name }}",
    "B": "010",
    "C": "1e3",
    "D": "no",
    "E": "a: b # c",
    "F": "12345678901234567890",
    "G": " two\nlines\n",
}


def _manifest(model, rollout):
    return {
        "apiVersion": "mlci.dev/v1",
        "kind": "ModelRelease",
        "metadata": {"name": model, "environment": "production"},
        "spec": {
            "version": "1.5.0",
            "task": "binary-classification",
            "model": {"uri": f"s3://m/{model}.onnx", "digest": DIGEST, "format": "onnx"},
            "evaluation": "adult-2026",
            "serving": {"image": f"registry/server@{DIGEST}", "replicas": 4, "env": ODD},
            "rollout": rollout,
        },
    }


@pytest.fixture
def rendered(tmp_path):
    """Renders two models as one kind of bundle; the folder of the environment."""

    def rendered(bundle):
        root = tmp_path / bundle
        argo = {
            "namespace": "models",
            "repository": "https://git.example.com/a.git",
            "image": f"registry/mlci@{DIGEST}",
            "routing": {"gatewayApi": {"gateway": "public", "hostnames": ["m.example.com"]}},
            "bundle": bundle,
        }
        documents = {
            "mlci.yaml": {
                "apiVersion": "mlci.dev/v1",
                "kind": "Project",
                "spec": {
                    "protectedRef": "origin/main",
                    "environments": [{"name": "production", "engine": {"argo": argo}}],
                },
            },
            "releases/income/production.yaml": _manifest("income", CANARY),
            "releases/churn/production.yaml": _manifest("churn", {"strategy": "blueGreen"}),
        }
        for path, document in documents.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(json.dumps(document, indent=1))
        subprocess.run(["git", "init", "--quiet", "-b", "main", root], check=True)
        for arguments in ([], ["--environment", "production"]):
            assert cli.run(["render", *arguments, "--repository", str(root)]) == 0
        return root / "deploy/production"

    return rendered


def _objects(*texts):
    found = [each for text in texts for each in yaml.safe_load_all(text) if each]
    named = {
        (each["apiVersion"], each["kind"], each["metadata"]["namespace"], each["metadata"]["name"])
        for each in found
    }
    assert len(named) == len(found)
    return sorted(found, key=lambda each: (each["kind"], each["metadata"]["name"]))


def _values(folder):
    """As the rendered Application names them to Argo CD."""
    texts = (folder / "_environment/argocd.yaml").read_text()
    (application,) = [each for each in yaml.safe_load_all(texts) if each["kind"] == "Application"]
    files = application["spec"]["source"]["helm"]["valueFiles"]
    assert len(files) == 2
    return [word for each in files for word in ("--values", folder / "_chart" / each)]


def test_helm_template_of_the_chart_is_the_plain_bundle(helm, rendered):
    plain, folder = rendered("plain"), rendered("helm")
    made = subprocess.run(
        [helm, "template", "releases", folder / "_chart", *_values(folder)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    expected = _objects(*((plain / each / "bundle.yaml").read_text() for each in _models(plain)))
    assert "{{ .Release.Name }}" in json.dumps(expected)
    assert _objects(made) == expected
    linted = subprocess.run(
        [helm, "lint", folder / "_chart", *_values(folder)], capture_output=True, text=True
    )
    assert linted.returncode == 0, linted.stdout


def _models(folder):
    return [each.name for each in folder.iterdir() if not each.name.startswith("_")]
