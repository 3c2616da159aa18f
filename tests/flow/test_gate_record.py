"""`mlci gate --record`: which verdict stands, when another may be made, and races."""

import json
import os
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from mlci.records.delivery import State

POLICY, PRODUCTION = "policies/all.yaml", "releases/income/production.yaml"


def _mlci(world, *arguments, **how):
    return subprocess.Popen(
        [sys.executable, "-m", "mlci", *arguments, "--repository", str(world.path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )


def _finished(process):
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    return process.returncode, out, err


def test_the_first_verdict_stands_until_a_person_permits_another_run(world, make):
    text = world.release(make.model("noise"))
    assert world.gate("--record").code == 1
    world.gate("--record").says("stands: same policies, exam and champion", "mlci approve")
    again = world.gate("--record", "--format", "json")
    assert again.code == 1
    assert [*world.verdicts(text).values()] == [again.json]
    assert json.loads(world.verdict.read_text()) == again.json

    approved = world.run("approve", PRODUCTION, "--reason", "the exam was broken", "--format=json")
    assert approved.code == 0
    assert approved.fits("delivery")["verdict"] in world.verdicts(text)
    done = world.gate("--record")
    assert done.code == 1
    done.says("recorded as run 2")
    assert len(world.verdicts(text)) == 2
    assert world.gate("--record").says("-0002.json stands").code == 1
    assert len(world.verdicts(text)) == 2


def test_a_permitted_run_is_used_up_only_where_it_was_permitted(world, make):
    """Under another policy the first verdict stands again: the old yes was about the old one."""
    text = world.release(make.model("noise"))
    assert world.gate("--record").code == 1
    assert world.run("approve", PRODUCTION, "--reason", "once more").code == 0
    policy = make.policy("{gate: accuracy, metric: roc_auc, minimum: 0.9}")
    world.merge({POLICY: policy})
    assert world.gate("--record").code == 1
    world.gate("--record").says("-0001.json stands")
    assert len(world.verdicts(text)) == 2


def test_approval_needs_something_that_waits_for_it(world, make):
    world.release(make.model("noise"))
    done = world.run("approve", PRODUCTION, "--reason", "why not")
    assert done.code == 2
    done.says("neither a REGRESSED delivery", "mlci status")
    assert world.gate("--record").code == 1
    assert world.run("approve", PRODUCTION, "--reason", "one").code == 0
    assert world.run("approve", PRODUCTION, "--reason", "two").code == 2
    assert len(world.history()) == 1


def test_what_decides_nothing_does_not_stand_and_is_recorded_each_time(world, make):
    content = make.parquet(rows=40)
    exam = {"data/exam.parquet": content, "evaluations/exam.yaml": make.exam(content)}
    world.merge({**exam, POLICY: make.policy("{gate: accuracy, metric: accuracy, minimum: 0.7}")})
    text = (world.path / PRODUCTION).read_text()
    assert world.gate("--record").code == 3
    assert world.gate("--record").code == 3
    assert len(world.verdicts(text)) == 2


def test_an_error_is_recorded_and_does_not_stand(world):
    text = world.release(b"no model")
    assert world.gate("--record").code == 5
    assert [each["outcome"] for each in world.verdicts(text).values()] == ["ERROR"]
    assert world.gate("--record").code == 5


def test_advice_records_nothing(world):
    assert world.gate().code == 0
    assert world.git("ls-remote", "origin", "mlci/records") == ""


def test_another_champion_asks_for_another_verdict(world, make):
    text = world.release(make.model("s", "2"))
    assert world.gate("--record").code == 0
    world.record(State.ADOPTED, commit="HEAD~1")
    done = world.gate("--record", "--format", "json")
    assert done.json["champion"]["version"] == "1.0.0"
    assert len(world.verdicts(text)) == 2


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ({"policies": []}, "a verdict on another manifest, or under other policies"),
        ({}, "isn't the fold of its judgements: outcome PASS, recomputed FAIL"),
    ],
)
def test_a_recorded_verdict_that_was_tampered_with_is_an_error(world, make, tmp_path, edit, says):
    world.release(make.model("noise"))
    assert world.gate("--record").code == 1
    records = tmp_path / "records"
    world.git("worktree", "add", "--quiet", str(records), "refs/mlci/records-seen")
    (file,) = (records / "verdicts").rglob("*.json")
    forged = {**json.loads(file.read_text()), "outcome": "PASS", "admits": True, **edit}
    (file.parent / file.name.replace("-0001", "-0000")).write_text(json.dumps(forged))
    for words in (["add", "--all"], ["commit", "--quiet", "-m", "forged"]):
        subprocess.run(["git", "-C", str(records), *words], check=True)
    world.git("push", "--quiet", "origin", "refs/mlci/records-seen:refs/heads/other")
    subprocess.run(
        ["git", "-C", str(records), "push", "--quiet", "origin", "HEAD:mlci/records"], check=True
    )
    done = world.gate("--record")
    assert done.code == 5
    done.says(says, "git log mlci/records")


def test_two_at_once_end_alike_and_the_first_verdict_stands(world, make):
    text = world.release(make.model("noise"))
    both = [_mlci(world, "gate", PRODUCTION, "--record", "--format", "json") for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        ended = [*pool.map(_finished, both)]
    assert [code for code, _, _ in ended] == [1, 1]
    recorded = [*world.verdicts(text).values()]
    assert [json.loads(out) for _, out, _ in ended] == [*recorded, *recorded]
    assert json.loads(world.verdict.read_text()) == recorded[0]


def test_a_remote_that_refuses_the_push(world, make):
    world.release(make.model("s", "2"))
    hook = world.origin / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'records are closed'\nexit 1\n")
    hook.chmod(0o755)
    done = world.gate("--record")
    assert done.code == 5
    done.says("origin/mlci/records: the push is refused", "permit this user to push")
    # what was measured is not lost with it
    assert json.loads(world.verdict.read_text())["outcome"] == "PASS"


def test_a_gate_that_crashes_is_an_error_and_not_silence(world, make):
    """The quota of the disk ends where the load gate writes the bodies of its requests."""
    assert world.gate().code == 0
    load = "{gate: load, rate: 20/s, objectives: {p95: 500ms}, budget: 2s}"
    world.merge({POLICY: make.policy("{gate: accuracy, metric: accuracy, minimum: 0.6}", load)})
    small = 12_288
    code, out, _ = _finished(
        _mlci(
            world,
            "gate",
            PRODUCTION,
            "--format=json",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (small, small)),
        )
    )
    assert code == 5
    verdict = json.loads(out)
    assert json.loads(world.verdict.read_text()) == verdict
    good, crashed = verdict["judgements"]
    assert (good["outcome"], crashed["outcome"]) == ("PASS", "ERROR")
    log = world.verdict.with_name("crash-all-load.txt")
    assert crashed["reason"].startswith("crashed: OSError: ")
    assert str(log) in crashed["reason"]
    assert "Traceback" in log.read_text()


@pytest.mark.journey
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_load_gate_leaves_no_process_and_no_verdict(world, make, number):
    load = "{gate: load, rate: 20/s, objectives: {p50: 500ms, errorRate: 0.01%}, budget: 60s}"
    world.merge({POLICY: make.policy(load)})
    process = _mlci(
        world,
        "gate",
        PRODUCTION,
        "--record",
        start_new_session=True,
        # A pipeline may have been started with SIGINT ignored, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    for line in process.stderr:
        if "round 1 of" in line:
            break
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.send_signal(number)
    code, out, err = _finished(process)
    assert (code, out) == (130, "")
    assert "interrupted" in err
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert not world.verdict.exists()
    assert world.git("ls-remote", "origin", "mlci/records") == ""


@pytest.mark.journey
def test_a_killed_load_gate_leaves_no_process(world, make):
    load = "{gate: load, rate: 20/s, objectives: {p50: 500ms, errorRate: 0.01%}, budget: 60s}"
    world.merge({POLICY: make.policy(load)})
    process = _mlci(world, "gate", PRODUCTION, start_new_session=True)
    for line in process.stderr:
        if "round 1 of" in line:
            break
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    assert not world.verdict.exists()


@pytest.mark.journey
def test_a_load_gate_is_judged_beside_the_others(world, make):
    load = "{gate: load, rate: 50/s, objectives: {p95: 500ms}, budget: 6s}"
    accuracy = "{gate: accuracy, metric: roc_auc, minimum: 0.8}"
    world.merge({POLICY: make.policy(accuracy, load)})
    done = world.gate("--format", "json")
    assert done.code == 0
    assert [each["id"] for each in done.fits("verdict")["judgements"]] == [
        "all/accuracy/roc_auc/minimum",
        "all/load/p95/objective",
    ]


def test_what_is_not_merged_is_not_recorded(world, make):
    text = world.propose(make.model("s", "2"))
    done = world.gate("--record")
    assert done.code == 4
    done.says(PRODUCTION, "another manifest than the one at origin/main", "after the merge")
    assert world.verdicts(text) == {}


def test_what_is_recorded_has_nothing_left_to_do(world):
    world.gate().says("Next: merge; the release is gated again")
    for _ in range(2):
        done = world.gate("--record").says("Next: nothing to do")
        assert "gated again" not in done.out
