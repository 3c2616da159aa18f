"""`mlci changed`: the releases of a change, and rules kept apart from them."""

import pytest
import yaml

PRODUCTION = "releases/income/production.yaml"
STAGING = "releases/income/staging.yaml"
POLICY = "policies/all.yaml"


def _rows(done):
    return {row["path"]: row["kind"] for row in done.fits("change")["releases"]}


def _json(world, *words):
    return world.run("changed", *words, "--format", "json")


def test_what_was_added_modified_and_removed(world, make):
    world.merge({STAGING: make.manifest(environment="staging")})
    other = "releases/other/production.yaml"
    world.git("checkout", "--quiet", "-b", "change")
    world.commit({other: "x", PRODUCTION: make.manifest("2.0.0"), STAGING: None, "README.md": "x"})
    assert _rows(_json(world)) == {PRODUCTION: "modified", STAGING: "removed", other: "added"}
    assert "modified  releases/income/production.yaml" in world.run("changed").out


def test_what_came_to_the_protected_ref_meanwhile_is_not_the_changes(world, make):
    world.git("checkout", "--quiet", "-b", "change")
    world.commit({PRODUCTION: make.manifest("2.0.0")})
    world.git("checkout", "--quiet", "main")
    world.merge({STAGING: make.manifest(environment="staging"), POLICY: make.policy() + "\n"})
    world.git("checkout", "--quiet", "change")
    assert _rows(_json(world)) == {PRODUCTION: "modified"}


def test_a_merged_result_shows_what_the_change_brings(world, make):
    """HEAD is then the commit that a forge makes of both branches."""
    world.git("checkout", "--quiet", "-b", "change")
    world.commit({PRODUCTION: make.manifest("2.0.0")})
    world.git("checkout", "--quiet", "main")
    world.merge({STAGING: make.manifest(environment="staging")})
    world.git("checkout", "--quiet", "--detach", "main")
    world.git("merge", "--quiet", "--no-ff", "-m", "merged result", "change")
    assert _rows(_json(world)) == {PRODUCTION: "modified"}


@pytest.mark.parametrize("rules", [POLICY, "evaluations/exam.yaml", "mlci.yaml"])
def test_rules_and_releases_in_one_change_are_refused(world, make, rules):
    text = (world.path / rules).read_text()
    world.git("checkout", "--quiet", "-b", "change")
    world.commit({PRODUCTION: make.manifest("2.0.0"), rules: text + "\n# other\n"})
    done = world.run("changed")
    assert done.code == 2
    done.says(f"{PRODUCTION}: is changed together with {rules}", "make two changes")


def test_the_first_change_brings_both(world, make):
    world.git("checkout", "--quiet", "--orphan", "empty")
    world.git("rm", "--quiet", "-rf", ".")
    world.git("commit", "--quiet", "--allow-empty", "-m", "nothing yet")
    world.git("push", "--quiet", "--force", "origin", "empty:main")
    world.git("checkout", "--quiet", "-b", "first")
    world.commit({"mlci.yaml": "x", POLICY: "x", PRODUCTION: "x"})
    assert _rows(_json(world)) == {PRODUCTION: "added"}


def test_what_was_merged_since_a_commit(world, make):
    before = world.git("rev-parse", "HEAD")
    world.merge({PRODUCTION: make.manifest("2.0.0"), POLICY: make.policy() + "\n"})
    assert _rows(_json(world, "--since", before)) == {PRODUCTION: "modified"}
    assert _rows(_json(world, "--since", "0" * 40)) == {PRODUCTION: "added"}


def test_a_shallow_clone_fetches_the_commit_before(world, make, tmp_path):
    before = world.git("rev-parse", "HEAD")
    world.merge({PRODUCTION: make.manifest("2.0.0")})
    clone = tmp_path / "shallow"
    world.git("clone", "--quiet", "--depth=1", f"file://{world.origin}", str(clone))
    done = world.run("changed", "--since", before, "--format", "json", at=clone)
    assert _rows(done) == {PRODUCTION: "modified"}
    assert world.run("changed", "--since", "1" * 40, at=clone).says("names no commit").code == 2


@pytest.mark.parametrize("since", ["--upload-pack=x", "nowhere", ";rm -rf ~"])
def test_a_commit_that_is_not_there(world, since):
    done = world.run("changed", f"--since={since}")
    assert done.code == 2
    done.says("names no commit" if since == "nowhere" else "is no revision's name")


@pytest.mark.parametrize("branch", ["origin/--upload-pack=x", "origin/;rm -rf ~"])
def test_a_branch_that_is_no_branch(world, branch):
    assert world.run("changed", f"--base={branch}").says("name").code == 2


@pytest.mark.parametrize("name", ["$(id)", "In come", "-x", "..."])
def test_a_model_with_a_name_that_none_can_have(world, name):
    world.commit({f"releases/{name}/production.yaml": "x"})
    done = world.run("changed")
    assert done.code == 2
    done.says("in a release's path", "rename")


def test_a_shallow_clone_is_deepened_as_far_as_needed(world, make, tmp_path):
    world.git("checkout", "--quiet", "-b", "change")
    for version in range(2, 70):
        world.commit({PRODUCTION: make.manifest(f"{version}.0.0")})
    world.git("push", "--quiet", "origin", "change")
    clone = tmp_path / "shallow"
    world.git("clone", "--quiet", "--depth=1", "-b", "change", f"file://{world.origin}", str(clone))
    done = world.run("changed", "--format", "json", at=clone)
    assert _rows(done) == {PRODUCTION: "modified"}


def test_histories_that_never_met(world):
    world.git("checkout", "--quiet", "--orphan", "stranger")
    world.git("commit", "--quiet", "-m", "of another project")
    done = world.run("changed")
    assert done.code == 5
    done.says("no commit in common with origin/main", "GIT_DEPTH: 0")


def test_a_job_a_release(world, make, tmp_path):
    world.git("checkout", "--quiet", "-b", "change")
    world.commit({PRODUCTION: make.manifest("2.0.0"), STAGING: "x"})
    file = tmp_path / "gates.yml"
    words = ["--child-pipeline", file, "--image", "python:3.12", "--tags", "gpu,large", "--record"]
    assert (
        world.run("changed", *words, "--before", "pip install", "--base", "origin/main").code == 0
    )
    pipeline = yaml.safe_load(file.read_text())
    job = pipeline["gate income/production"]
    options = '--base "$MLCI_BASE" --record --html --out .mlci/out/income/production'
    assert job["script"] == [f"mlci gate {PRODUCTION} {options}"]
    assert job["variables"]["MLCI_BASE"] == "origin/main"
    assert (job["image"], job["tags"], job["before_script"]) == (
        "python:3.12",
        ["gpu", "large"],
        ["pip install", job["before_script"][1]],
    )
    assert "$MLCI_PUSH_TOKEN@" in job["before_script"][1]
    assert "gate income/staging" in pipeline
