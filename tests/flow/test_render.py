"""`mlci render` on a real repository."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mlci import cli

BASE = Path(__file__).parents[1] / "manifest/cases/base"
RELEASE = "releases/income/production.yaml"
BUNDLE = "deploy/production/income/bundle.yaml"
SETTINGS = "deploy/production/_environment"
DIGEST = "sha256:" + "d" * 64


@pytest.fixture
def root(tmp_path, monkeypatch):
    root = tmp_path / "work"
    shutil.copytree(BASE, root)
    subprocess.run(["git", "init", "--quiet", "-b", "main", root], check=True)
    project, release = root / "mlci.yaml", root / RELEASE
    engine = (
        "{argo: {namespace: models, repository: https://git.example.com/a.git, "
        f'image: "registry/mlci@{DIGEST}"}}}}'
    )
    project.write_text(project.read_text().replace("{local: {port: 8082}}", engine))
    text = release.read_text().replace("uri: models", "uri: s3://models")
    serving = f'{{replicas: 2, image: "registry/server@{DIGEST}"}}'
    release.write_text(text.replace("{replicas: 2}", serving))
    monkeypatch.chdir(root)
    return root


def _run(capsys, *arguments):
    code = cli.run([*arguments, "--format", "json"])
    out = capsys.readouterr()
    return code, json.loads(out.out) if out.out else out.err


def _differences(said):
    return [(each["path"], each["kind"]) for each in said["differences"]]


def test_rendered_once_there_is_nothing_more_to_do(root, capsys):
    code, said = _run(capsys, "render", RELEASE)
    assert (code, _differences(said)) == (0, [(BUNDLE, "missing")])
    before = (root / BUNDLE).stat()
    code, said = _run(capsys, "render")
    assert (code, said) == (0, {"files": 1, "differences": []})
    assert (root / BUNDLE).stat().st_mtime_ns == before.st_mtime_ns
    assert _run(capsys, "render", "--check") == (0, {"files": 1, "differences": []})


def test_check_names_what_is_missing_differs_or_is_too_much_and_writes_nothing(root, capsys):
    assert _run(capsys, "render", "--check")[0] == 1
    assert not (root / "deploy").exists()
    _run(capsys, "render")
    (root / BUNDLE).write_text((root / BUNDLE).read_text().replace("replicas: 2", "replicas: 9"))
    extra, gone = root / "deploy/production/income/more.yaml", root / "deploy/production/old"
    extra.write_text("a: b\n")
    gone.mkdir()
    code, said = _run(capsys, "render", "--check")
    assert code == 1
    assert _differences(said) == [
        (BUNDLE, "differs"),
        ("deploy/production/income/more.yaml", "superfluous"),
        ("deploy/production/old", "superfluous"),
    ]


def test_what_an_earlier_rendering_left_goes_and_what_people_wrote_stays(root, capsys):
    _run(capsys, "render")
    own = root / "deploy/production/income/own.yaml"
    own.write_text("a: b\n")
    project = root / "mlci.yaml"
    project.write_text(
        project.read_text().replace("namespace: models", "namespace: models, bundle: helm")
    )
    _run(capsys, "render")
    assert sorted(each.name for each in own.parent.iterdir()) == ["own.yaml", "values.yaml"]


def test_a_link_is_no_rendered_file_and_is_never_followed(root, tmp_path, capsys):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "deploy/production").mkdir(parents=True)
    (root / "deploy/production/income").symlink_to(elsewhere)
    code, said = _run(capsys, "render")
    assert code == 2
    assert "a symbolic link on the way" in said
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("kind", ["plain", "kustomize", "helm"])
def test_settings_of_an_environment(kind, root, capsys):
    project = root / "mlci.yaml"
    bundle = f"namespace: models, bundle: {kind}"
    project.write_text(project.read_text().replace("namespace: models", bundle))
    code, said = _run(capsys, "render", "--environment", "production")
    paths = [path for path, _ in _differences(said)]
    more = {
        "plain": [],
        "kustomize": ["deploy/production/_kustomize/kustomization.yaml"],
        "helm": [
            "deploy/production/_chart/Chart.yaml",
            "deploy/production/_chart/templates/objects.yaml",
        ],
    }[kind]
    assert (code, paths) == (
        0,
        sorted([f"{SETTINGS}/agent.yaml", f"{SETTINGS}/argocd.yaml", *more]),
    )
    _run(capsys, "render")
    code, said = _run(capsys, "render", "--check")
    assert (code, said["files"]) == (0, len(paths) + (2 if kind == "kustomize" else 1))


def test_an_environment_that_argo_does_not_deliver_to(root, capsys):
    for arguments in (["--environment", "staging"], ["--environment", "prod"]):
        code, said = _run(capsys, "render", *arguments)
        assert code == 2
        assert "expected an environment that Argo delivers to: 'production'" in said


def test_all_that_is_wrong_is_told_and_nothing_is_written(root, capsys):
    release = root / RELEASE
    patch = "patches: [{kind: Rollout, patch: {spec: {replicas: 9}}}]"
    release.write_text(release.read_text().replace("{replicas: 2,", f"{{{patch}, replicas: 2,"))
    other = root / "releases/churn/production.yaml"
    other.parent.mkdir()
    other.write_text(
        release.read_text().replace("name: income", "name: churn").replace("weight: 5", "wait: 5")
    )
    code, said = _run(capsys, "render")
    assert code == 2
    assert f"{RELEASE}:12:" in said
    assert "a patch of spec.replicas" in said
    assert "releases/churn/production.yaml:16:10: unknown key 'wait'" in said
    assert not (root / "deploy").exists()


def test_validate_tells_what_a_patch_breaks_at_its_line(root, capsys):
    release = root / RELEASE
    patch = "patches: [{kind: Rollout, patch: {spec: {progressDeadlineAbort: false}}}]"
    release.write_text(release.read_text().replace("{replicas: 2,", f"{{{patch}, replicas: 2,"))
    code, said = _run(capsys, "validate")
    assert code == 2
    (error,) = said["errors"]
    assert (error["path"], error["line"]) == (RELEASE, 12)
    assert error["found"].endswith("no abort where there is no progress")
