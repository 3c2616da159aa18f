"""Where `mlci gate` reads what: the tip's rules, whatever the change, the clone or the path."""

import json
import os
import shutil
import subprocess
from dataclasses import replace

import pytest

from mlci.flow.recording import append
from mlci.gitops.records_branch import RecordsBranch
from mlci.records.delivery import State

DATA, EXAM, POLICY = "data/exam.parquet", "evaluations/exam.yaml", "policies/all.yaml"
PRODUCTION, STAGING = "releases/income/production.yaml", "releases/income/staging.yaml"
NOTHING = "{gate: accuracy, metric: accuracy, minimum: 0.01}"


def test_a_policy_that_the_change_weakens_does_not_count(world, make):
    tip = world.git("rev-parse", "origin/main")
    before = world.gate("--format", "json").json["policies"]
    world.propose(make.model("noise"))
    world.commit({POLICY: make.policy(NOTHING)}, "weaken the policy")
    done = world.gate("--format", "json")
    assert done.code == 1
    assert done.json["policies"] == before
    assert [each["commit"] for each in before] == [tip]
    assert done.json["judgements"][0]["metric"] == "roc_auc"


def test_an_exam_that_the_change_alters_does_not_count(world, make):
    before = world.gate("--format", "json").json
    # The change brings an exam in which its model is perfect: the label follows its score.
    rows = make.rows()
    content = make.parquet(s=rows["noise"], noise=rows["s"])
    world.propose(make.model("noise"))
    world.commit({DATA: content, EXAM: make.exam(content)}, "another exam")
    done = world.gate("--format", "json")
    assert done.code == 1
    assert done.json["evaluation"] == before["evaluation"]


def test_the_same_from_a_revision(world, make):
    world.git("checkout", "--quiet", "-b", "change")
    world.propose(make.model("noise"))
    change = world.commit({POLICY: make.policy(NOTHING)}, "bad model, weak policy")
    world.git("checkout", "--quiet", "main")
    assert world.gate("--at", change).code == 1
    assert world.gate("--at", "main").code == 0
    assert world.gate("--at", change, "--base", change).code == 0


def test_a_revision_that_does_not_exist_or_has_no_release(world):
    world.gate("--at", "nowhere").says("nowhere: names no commit")
    assert world.gate("--at", "nowhere").code == 2
    done = world.gate("--at", "main", release=STAGING)
    assert done.code == 2
    done.says(f"{STAGING}: no such file at main")


def test_rules_are_fetched_not_remembered(world, make, tmp_path):
    """Another clone pushed a stricter policy: this one has never heard of it."""
    other = tmp_path / "other"
    subprocess.run(["git", "clone", "--quiet", str(world.origin), str(other)], check=True)
    strict = make.policy("{gate: accuracy, metric: roc_auc, minimum: 0.99}")
    (other / POLICY).write_text(strict)
    for words in (["commit", "--quiet", "-am", "stricter"], ["push", "--quiet"]):
        subprocess.run(["git", "-C", str(other), *words], check=True)
    assert world.gate().code == 1


@pytest.mark.parametrize(
    ("here", "given"),
    [
        (".", f"./{PRODUCTION}"),
        (".", "releases/../" + PRODUCTION),
        ("releases/income", "production.yaml"),
        ("releases", "../releases/income/production.yaml"),
        ("data", PRODUCTION),
        (".", "{root}/" + PRODUCTION),
        ("data", "{root}/" + PRODUCTION),
    ],
)
def test_a_release_is_found_from_where_you_stand(world, here, given):
    place = given.format(root=world.path)
    done = world.run("gate", place, "--format", "json", at=world.path / here)
    assert done.code == 0
    assert done.json["release"]["path"] == PRODUCTION


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("../elsewhere/releases/income/production.yaml", "a path outside the repository"),
        ("/etc/passwd", "a path outside the repository"),
        ("mlci.yaml", "no path of a release"),
        ("releases/income", "no path of a release"),
        ("releases/income/production.yml", "no path of a release"),
        ("", "no path of a release"),
    ],
)
def test_a_path_that_can_be_no_release(world, given, found):
    done = world.gate(release=given)
    assert done.code == 2
    done.says(found, "expected releases/<model>/<environment>.yaml")


def test_through_a_link_to_the_clone(world, tmp_path):
    (tmp_path / "link").symlink_to(world.path)
    done = world.run("gate", tmp_path / "link" / PRODUCTION, at=tmp_path / "link")
    assert done.code == 0


def test_the_default_branch_may_name_another_protected_ref(world, make):
    project = (world.path / "mlci.yaml").read_text()
    world.git("push", "--quiet", "origin", "HEAD:release")
    world.merge({"mlci.yaml": project.replace("origin/main", "origin/release"), POLICY: "kind: ["})
    done = world.gate("--format", "json")
    assert done.code == 0
    assert done.json["policies"][0]["commit"] == world.git("rev-parse", "HEAD~1")
    # The change's own word counts for nothing.
    world.write({"mlci.yaml": project.replace("origin/main", "origin/nowhere")})
    assert world.gate().code == 0


def test_the_default_branch_names_a_ref_that_does_not_exist(world):
    project = (world.path / "mlci.yaml").read_text()
    world.merge({"mlci.yaml": project.replace("origin/main", "origin/nowhere")})
    done = world.gate()
    assert done.code == 2
    done.says("origin/nowhere: the remote origin has no branch nowhere")


def test_a_protected_ref_that_does_not_exist(world):
    done = world.gate("--base", "origin/nowhere")
    assert done.code == 2
    done.says("origin/nowhere: the remote origin has no branch nowhere", "--base")
    assert not world.verdict.exists()


def test_no_git_repository(world, tmp_path):
    (tmp_path / "plain").mkdir()
    done = world.run("gate", PRODUCTION, at=tmp_path / "plain")
    assert done.code == 2
    done.says("plain: ", "not a git repository", "expected a git repository")


def test_a_shallow_clone(world, make, tmp_path):
    world.record(State.ADOPTED)
    world.propose(make.model("s", "2"))
    world.merge({}, "release 2.0.0")
    shallow = tmp_path / "shallow"
    url = f"file://{world.origin}"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", url, str(shallow)], check=True)
    done = world.run("gate", PRODUCTION, "--record", "--format", "json", at=shallow)
    assert done.code == 0
    assert done.json["champion"]["version"] == "1.0.0"
    assert (shallow / ".git/shallow").exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--depth=1", "--single-branch", "--branch=change"),
        ("--filter=blob:none", "--no-checkout"),
        ("--bare",),
    ],
)
def test_clones_as_pipelines_make_them(world, make, tmp_path, options):
    """The change alone, without the protected ref, without blobs, or without a work tree."""
    world.git("config", "--file", str(world.origin / "config"), "uploadpack.allowFilter", "true")
    world.record(State.ADOPTED)
    world.git("checkout", "--quiet", "-b", "change")
    world.propose(make.model("noise"))
    change = world.commit({POLICY: make.policy(NOTHING)}, "bad model, weak policy")
    world.git("push", "--quiet", "origin", "change")
    made = tmp_path / "pipeline"
    url = f"file://{world.origin}"
    subprocess.run(["git", "clone", "--quiet", *options, url, str(made)], check=True)
    done = world.run("gate", PRODUCTION, "--at", change, "--format", "json", at=made)
    assert done.code == 1
    assert done.json["champion"]["version"] == "1.0.0"
    assert done.json["policies"][0]["commit"] == world.git("rev-parse", "main")


def test_a_linked_work_tree(world, make, tmp_path):
    world.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "change")
    done = world.run("gate", PRODUCTION, at=tmp_path / "linked")
    assert done.code == 0
    assert (tmp_path / "linked/.mlci/out/verdict.json").exists()
    assert not world.verdict.exists()


def test_no_remote_at_all(alone):
    assert alone.gate("--record").code == 0
    assert alone.run("status", "--format", "json").json["releases"][0]["state"] == "NEW"
    assert len(alone.verdicts((alone.path / PRODUCTION).read_text())) == 1


def test_no_remote_and_no_main(alone):
    alone.git("branch", "-m", "trunk")
    done = alone.gate()
    assert done.code == 2
    done.says("main: names no commit", "expected a protected ref that exists")
    assert alone.gate("--base", "trunk").code == 0


def test_a_bare_repository(world):
    done = world.run("gate", PRODUCTION, at=world.origin)
    assert done.code == 0


def test_an_unreachable_remote(world):
    world.origin.rename(world.origin.with_suffix(".away"))
    done = world.gate()
    assert done.code == 5
    done.says("remote origin: ", "expected an answer from the remote")
    assert not world.verdict.exists()


def test_records_that_were_rolled_back(world, make):
    world.record(State.ADOPTED)
    old = world.git("ls-remote", "origin", "mlci/records").split()[0]
    world.release(make.model("s", "2"))
    assert world.gate("--record").code == 0
    world.git("push", "--quiet", "--force", "origin", f"{old}:refs/heads/mlci/records")
    done = world.gate()
    assert done.code == 5
    done.says("mlci/records: ", "is gone or changed", "restore the branch")
    world.git("push", "--quiet", "origin", ":refs/heads/mlci/records")
    done = world.gate()
    assert done.code == 5
    done.says("the branch is gone", "expected every record that was seen before")
    assert not world.verdict.exists()


def _without_project(world):
    """The protected branch as it was before mlci: the first change brings everything."""
    world.git("checkout", "--quiet", "--orphan", "first")
    world.git("rm", "--quiet", "-rf", "--cached", ".")
    (world.path / "README.md").write_text("before mlci")
    world.git("add", "README.md")
    world.git("commit", "--quiet", "-m", "before mlci")
    world.git("push", "--quiet", "--force", "origin", "HEAD:main")
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "the first change")


def test_the_first_change_brings_its_own_rules(world):
    _without_project(world)
    done = world.gate("--format", "json")
    assert done.code == 0
    assert done.json["policies"][0]["commit"] == world.git("rev-parse", "HEAD")
    assert world.gate("--at", "HEAD", "--base", "origin/main").code == 0


def test_the_first_change_records_nothing(world):
    _without_project(world)
    done = world.gate("--record")
    assert done.code == 2
    done.says("origin/main:mlci.yaml: no project file", "merge; then record")
    assert world.git("ls-remote", "origin", "mlci/records") == ""


def test_the_first_change_is_read_at_its_revision(world):
    _without_project(world)
    change = world.git("rev-parse", "HEAD")
    world.git("checkout", "--quiet", "HEAD~1")
    assert world.gate("--at", change).code == 0
    done = world.gate("--at", "HEAD")
    assert done.code == 2
    done.says("nor at HEAD", "commit one, or name the ref that has it with --base")


def test_a_project_file_that_is_gone_holds_everything(world):
    world.record(State.ADOPTED)
    tip = world.git("rev-parse", "HEAD")
    world.merge({"mlci.yaml": None})
    world.git("checkout", "--quiet", tip)
    for verb in (["gate", PRODUCTION], ["plan", PRODUCTION], ["status"]):
        done = world.run(*verb)
        assert done.code == 3
        done.says("origin/main:mlci.yaml: HELD", "restore mlci.yaml on origin/main")


def test_the_after_environment_must_be_healthy(world, make):
    project = (world.path / "mlci.yaml").read_text()
    after = project.replace("{name: production,", "{name: production, after: staging,")
    staging = make.manifest(content=make.model(), environment="staging")
    world.merge({"mlci.yaml": after, STAGING: staging})
    done = world.gate()
    assert done.code == 3
    done.says(f"{PRODUCTION}:7:", "HELD: model sha256:", "is not HEALTHY in staging", "mlci status")
    assert not world.verdict.exists()
    world.record(State.ADMITTED, path=STAGING)
    assert world.gate().code == 3
    world.record(State.HEALTHY, path=STAGING)
    assert world.gate().code == 0


def test_a_regressed_model_is_held_whatever_the_manifest(world, make):
    content = make.model("s", "2")
    world.record(State.ADOPTED)
    world.propose(content)
    world.merge({}, "release 2.0.0")
    world.record(State.ADMITTED, State.REGRESSED)
    world.write(
        {PRODUCTION: make.manifest("2.0.1", content=content, uri="models/income-2.0.0.onnx")}
    )
    history = world.history()
    done = world.gate()
    assert done.code == 3
    done.says("REGRESSED in production", "put there", "`mlci approve")
    assert world.history() == history
    assert not world.verdict.exists()
    assert world.run("approve", PRODUCTION, "--reason", "it was the network").code == 0
    assert world.gate().code == 0


def test_the_champion_is_admitted_on_its_record(world):
    world.record(State.ADMITTED, State.HEALTHY)
    done = world.gate("--record", "--format", "json")
    assert done.code == 0
    verdict = done.fits("verdict")
    assert (verdict["outcome"], verdict["judgements"]) == ("PASS", [])
    assert verdict["reason"].startswith("admitted on its record: HEALTHY in delivery ")
    assert json.loads(world.verdict.read_text()) == verdict
    world.gate().says("PASS: income 1.0.0 for production", "admitted on its record")
    assert world.verdicts((world.path / PRODUCTION).read_text()) == {}


def test_the_release_before_the_champion_is_a_way_back_and_older_ones_are_not(world, make):
    first = (world.path / PRODUCTION).read_text()
    world.record(State.ADOPTED)
    texts = [first]
    for version in ("2.0.0", "3.0.0"):
        texts.append(world.propose(make.model("s", version), version))
        world.merge({}, version)
        world.record(State.ADMITTED, State.HEALTHY)
    world.write({PRODUCTION: texts[1]})
    assert world.gate("--format", "json").json["judgements"] == []
    world.write({PRODUCTION: texts[0]})
    assert len(world.gate("--format", "json").json["judgements"]) == 4


def test_the_champions_own_model_is_not_compared_with_itself(world, make):
    world.record(State.ADOPTED)
    text = make.manifest("1.0.1", content=make.model(), uri="models/income-1.0.0.onnx")
    world.write({PRODUCTION: text})
    ids = [each["id"] for each in world.gate("--format", "json").json["judgements"]]
    assert [each for each in ids if "margin" in each] == []


def test_a_champion_whose_model_is_gone_is_an_error_that_names_it(world, make):
    """Its manifest is on the records branch; its file was never in the repository."""
    content = make.model("s", "elsewhere")
    world.merge({PRODUCTION: make.manifest("1.5.0", content=content)})
    world.record(State.ADMITTED, State.HEALTHY)
    world.propose(make.model("s", "2"))
    done = world.gate()
    assert done.code == 5
    done.says("champion 1.5.0 (mlci/records): no file models/income-1.5.0.onnx")


def test_a_record_whose_manifest_can_not_be_read(world, make):
    made = world.record(State.ADOPTED)
    world.commit({"other": "no manifest"})
    oid = world.git("rev-parse", "HEAD:other")
    wrong = replace(made, delivery="e" * 64, paths=(replace(made.paths[0], oid=oid),))
    append(RecordsBranch(world.repository), wrong, world.history())
    world.propose(make.model("s", "2"))
    done = world.gate()
    assert done.code == 5
    done.says("mlci/records: record 2 of income/production", "a manifest that can't be read")


def test_an_exam_that_only_the_change_has(world, make):
    new = (world.path / EXAM).read_text().replace("name: exam", "name: easy")
    text = (world.path / PRODUCTION).read_text().replace("evaluation: exam", "evaluation: easy")
    world.commit({"evaluations/easy.yaml": new, PRODUCTION: text})
    done = world.gate()
    assert done.code == 2
    done.says(f"{PRODUCTION}:8:", "evaluation 'easy'", "expected 'exam'")


def test_the_work_tree_is_left_as_it_was(world, make):
    world.propose(make.model("s", "2"))
    before = world.git("status", "--porcelain", "--ignored")
    refs = world.git("for-each-ref", "refs/heads", "refs/tags")
    assert world.gate().code == 0
    assert world.git("for-each-ref", "refs/heads", "refs/tags") == refs
    after = world.git("status", "--porcelain", "--ignored")
    assert set(after.splitlines()) - set(before.splitlines()) == {"!! .mlci/"}


def test_the_store_alone_is_no_reason_to_trust(world):
    """Bytes of the store that were changed are had again."""
    assert world.gate().code == 0
    for file in (world.path / ".mlci/store").iterdir():
        file.chmod(0o644)
        file.write_bytes(b"changed")
    assert world.gate().code == 0


def test_a_git_that_is_not_there(world, monkeypatch, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/env").symlink_to(shutil.which("env"))
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path / "bin"))
    done = world.gate()
    assert done.code == 5
    done.says("git is not on PATH", "install git")


@pytest.mark.parametrize("verb", ["gate", "plan"])
def test_rules_that_the_change_alters_are_said_not_to_count(world, make, verb):
    world.propose(make.model("s", "2"))
    tip = world.git("rev-parse", "--short=7", "origin/main")
    altered = make.policy("{gate: accuracy, metric: roc_auc, minimum: 0.1}")
    world.write({"policies/all.yaml": altered, "policies/more.yaml": "kind: GatePolicy\n"})
    done = world.run(verb, "releases/income/production.yaml")
    assert done.code == 0
    assert f"policies/all.yaml differs from origin/main at {tip}: the tip's counts" in done.err
    assert f"policies/more.yaml is not in origin/main at {tip}: it doesn't count" in done.err
    assert "evaluations/exam.yaml" not in done.err


def test_rules_that_only_moved_on_at_the_tip_are_not_the_changes(world, make):
    world.git("checkout", "--quiet", "-b", "change")
    world.git("checkout", "--quiet", "main")
    world.merge(
        {"policies/all.yaml": make.policy("{gate: accuracy, metric: roc_auc, minimum: 0.7}")}
    )
    world.git("checkout", "--quiet", "change")
    done = world.run("plan", "releases/income/production.yaml")
    assert done.code == 0
    assert "policies/all.yaml" not in done.err


def test_a_remote_by_a_relative_path_is_asked_from_the_work_trees_top(world):
    world.git("remote", "set-url", "origin", "../origin.git")
    for at in (world.path, world.path / "releases/income"):
        assert world.run("status", at=at).code == 0
    world.record(State.ADOPTED)
    assert world.git("ls-remote", "origin", "mlci/records") != ""
