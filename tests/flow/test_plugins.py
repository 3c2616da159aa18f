"""The example packages, installed as any other: what the verbs make of them, in their processes."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from mlci.records.delivery import State

EXAMPLES = Path(__file__).parents[2] / "examples"
POLICY = "policies/all.yaml"
PRODUCTION = "releases/income/production.yaml"
KAPPA = "{gate: accuracy, metric: cohen_kappa, minimum: 0.1}"
CHURN = "{gate: churn, maximum: 0.9}"
ACCURACY = "{gate: accuracy, metric: accuracy, minimum: 0.5}"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Both examples in a folder of packages, built and installed without a network."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--no-build-isolation", "--no-deps", "--no-index", "--no-compile", "--target"]
    sources = [str(EXAMPLES / f"plugin-{name}") for name in ("kappa", "churn")]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *options, str(folder), *sources], check=True)
    return folder


@pytest.fixture
def mlci(world):
    def run(*arguments, site=None):
        environment = dict(os.environ) | ({"PYTHONPATH": str(site)} if site else {})
        argv = [sys.executable, "-m", "mlci", *arguments, "--repository", str(world.path)]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stdout + done.stderr
        assert "bug in mlci" not in done.stderr
        return done

    return run


@pytest.mark.journey
def test_installed_packages_judge_a_release(world, make, mlci, site):
    world.record(State.ADMITTED, State.HEALTHY)
    world.merge({POLICY: make.policy(KAPPA, CHURN, ACCURACY)})
    world.propose(make.model("s", "other"))
    assert mlci("validate", site=site).returncode == 0

    absent = mlci("validate")
    assert absent.returncode == 2
    assert "policies/all.yaml:7:24: 'cohen_kappa'; expected one of 'accuracy'" in absent.stdout
    assert "install the package that brings it (entry point mlci.gates)" in absent.stdout
    assert mlci("gate", PRODUCTION).returncode == 2

    plan = json.loads(mlci("plan", PRODUCTION, "--format", "json", site=site).stdout)
    ids = ["all/accuracy/cohen_kappa/minimum", "all/churn/churn/maximum"]
    assert [each["id"] for each in plan["judgements"]][:2] == ids
    assert plan["gateSeconds"] > 20

    done = mlci("gate", PRODUCTION, "--format", "json", site=site)
    assert done.returncode == 0, done.stderr
    verdict = json.loads(done.stdout)
    assert [each["outcome"] for each in verdict["judgements"]] == ["PASS"] * 3
    assert 0.1 < verdict["judgements"][0]["interval"][0] < verdict["judgements"][0]["estimate"]
    assert verdict["versions"]["mlci-kappa"] == "1.0.0"
    assert verdict["versions"]["mlci-churn"] == "1.0.0"
    assert verdict["versions"]["fairlearn"] == version("fairlearn")

    whole = mlci("measure", PRODUCTION, "--gate", "churn", "--shard", "1/1", site=site)
    assert whole.returncode == 2
    assert "a gate that is measured by `mlci gate` alone" in whole.stderr
    measure = ("measure", PRODUCTION, "--gate", "accuracy/cohen_kappa", "--shard")
    for shard in ("1/2", "2/2"):
        assert mlci(*measure, shard, site=site).returncode == 0


@pytest.mark.journey
def test_only_what_a_policy_names_is_imported_and_named(world, make, mlci, site, tmp_path):
    for name, text in {"mlci_kappa": "raise SystemExit(0)", "mlci_churn": "import nowhere"}.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    shadowed = f"{tmp_path}{os.pathsep}{site}"
    world.merge({POLICY: make.policy(ACCURACY)})
    done = mlci("gate", PRODUCTION, "--format", "json", site=shadowed)
    assert done.returncode == 0, done.stderr
    assert "mlci-kappa" not in json.loads(done.stdout)["versions"]

    for gate, place, found in (
        (KAPPA, "7:24", "metric 'cohen_kappa' of mlci-kappa 1.0.0: mlci_kappa:cohen_kappa can't"),
        (CHURN, "7:8", "gate 'churn' of mlci-churn 1.0.0: mlci_churn can't be imported"),
    ):
        world.merge({POLICY: make.policy(gate)})
        for verb in (("validate",), ("gate", PRODUCTION), ("plan", PRODUCTION)):
            done = mlci(*verb, site=shadowed)
            assert done.returncode == 5
            assert f"policies/all.yaml:{place}: {found}" in done.stderr


@pytest.mark.journey
def test_nothing_is_imported_from_the_folder_of_the_change(world, make, mlci, site):
    world.merge({POLICY: make.policy(CHURN)})
    (world.path / "mlci_churn.py").write_text("raise SystemExit(0)", encoding="utf-8")
    argv = [sys.executable, "-m", "mlci", "validate"]
    environment = dict(os.environ) | {"PYTHONPATH": str(site)}
    done = subprocess.run(argv, cwd=world.path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
