"""What can be wrong with a release, its model and its exam: what `mlci gate` says and leaves."""

import json
import pickle

import numpy as np
import pytest

DATA, EXAM, POLICY = "data/exam.parquet", "evaluations/exam.yaml", "policies/all.yaml"
PRODUCTION = "releases/income/production.yaml"


def _verdict(world, done):
    """The verdict on stdout is whole, and the one that was written."""
    printed = done.fits("verdict")
    assert json.loads(world.verdict.read_text()) == printed
    return printed


def _reasons(verdict):
    return {each["outcome"]: each["reason"] for each in verdict["judgements"]}


def test_a_good_release_passes_and_writes_a_whole_verdict(world):
    done = world.gate("--format", "json")
    assert done.code == 0
    verdict = _verdict(world, done)
    assert (verdict["outcome"], verdict["admits"]) == ("PASS", True)
    assert verdict["policies"][0]["commit"] == world.git("rev-parse", "origin/main")
    assert [each["id"] for each in verdict["judgements"]] == [
        "all/accuracy/roc_auc/minimum",
        "all/fairness/selection_rate/maximumDifference/sex",
    ]


def test_a_bad_release_fails(world, make):
    world.propose(make.model("noise"))
    done = world.gate()
    assert done.code == 1
    done.says("FAIL", "all/accuracy/roc_auc/minimum")
    assert json.loads(world.verdict.read_text())["admits"] is False


def test_a_manifest_that_is_not_there(world):
    done = world.gate(release="releases/other/production.yaml")
    assert done.code == 2
    done.says("releases/other/production.yaml: No such file", "expected a release manifest")
    assert not world.verdict.exists()


def test_a_manifest_that_is_a_link(world):
    (world.path / PRODUCTION).unlink()
    (world.path / PRODUCTION).symlink_to("/etc/passwd")
    done = world.gate()
    assert done.code == 2
    done.says(f"{PRODUCTION}: a symbolic link")


def test_a_model_that_is_not_there(world, make):
    world.write({PRODUCTION: make.manifest("2.0.0", content=b"nowhere")})
    done = world.gate()
    assert done.code == 5
    done.says(f"{PRODUCTION}:7:", "no file models/income-2.0.0.onnx", "put the named file there")
    assert not world.verdict.exists()


def test_a_model_with_another_digest(world, make):
    world.propose(make.model())
    world.write({PRODUCTION: make.manifest("2.0.0", content=b"another")})
    done = world.gate()
    assert done.code == 5
    done.says(
        "models/income-2.0.0.onnx holds sha256:", "expected models/income-2.0.0.onnx with sha"
    )
    assert not world.verdict.exists()


def test_a_pickle_named_onnx(world):
    world.propose(pickle.dumps({"weights": [1.0, 2.0]}))
    done = world.gate("--format", "json")
    assert done.code == 5
    verdict = _verdict(world, done)
    assert verdict["outcome"] == "ERROR"
    assert "a pickle, whatever its name says" in _reasons(verdict)["ERROR"]


def test_a_model_that_is_no_onnx_at_all(world):
    world.propose(b"no model")
    done = world.gate("--format", "json")
    assert done.code == 5
    assert "not loadable as ONNX" in _reasons(_verdict(world, done))["ERROR"]


def test_a_model_whose_inputs_the_data_lack(world, make):
    world.propose(make.model("salary"))
    done = world.gate("--format", "json")
    assert done.code == 5
    reason = _reasons(_verdict(world, done))["ERROR"]
    assert f"inputs without a column in {DATA}: salary" in reason


def test_a_model_whose_input_is_of_another_type(world, make):
    world.propose(make.model("sex"))
    done = world.gate("--format", "json")
    assert done.code == 5
    assert "sex" in _reasons(_verdict(world, done))["ERROR"]


@pytest.mark.parametrize(
    ("answer", "found"),
    [("nan", "gives nan in 1500 of 1500 rows"), ("strange", "gives the label 'maybe'")],
)
def test_a_model_whose_answers_can_not_be_read(world, make, answer, found):
    world.propose(make.model(answer=answer))
    done = world.gate("--format", "json")
    assert done.code == 5
    verdict = _verdict(world, done)
    assert verdict["outcome"] == "ERROR"
    assert found in _reasons(verdict)["ERROR"]


def test_a_model_that_says_one_label_always(world, make):
    gates = [
        "{gate: accuracy, metric: balanced_accuracy, minimum: 0.8}",
        "{gate: fairness, metric: selection_rate, by: [sex], minimumRatio: 0.8}",
    ]
    world.merge({POLICY: make.policy(*gates)})
    world.propose(make.model(answer="constant"))
    done = world.gate("--format", "json")
    assert done.code == 1
    outcomes = {each["metric"]: each["outcome"] for each in _verdict(world, done)["judgements"]}
    assert outcomes == {"balanced_accuracy": "FAIL", "selection_rate": "ERROR"}


def _new_exam(world, make, content, **named):
    world.merge({DATA: content, EXAM: make.exam(content, **named)})
    return world.gate("--format", "json")


def test_an_exam_of_one_class(world, make):
    done = _new_exam(world, make, make.parquet(y=np.full(1500, "yes")))
    assert done.code == 5
    assert "one label only, 'yes'" in _reasons(_verdict(world, done))["ERROR"]


def test_a_positive_label_that_no_row_has(world, make):
    done = _new_exam(world, make, make.parquet(), positive="maybe")
    assert done.code == 5
    assert "never the positive label 'maybe'" in _reasons(_verdict(world, done))["ERROR"]


def test_a_label_column_that_is_not_there(world, make):
    done = _new_exam(world, make, make.parquet(), label="income")
    assert done.code == 5
    assert "no column 'income'" in _reasons(_verdict(world, done))["ERROR"]


def test_an_exam_without_rows(world, make):
    done = _new_exam(world, make, make.parquet(rows=0))
    assert done.code == 5
    assert "no rows" in _reasons(_verdict(world, done))["ERROR"]


def test_an_exam_that_is_no_parquet(world, make):
    done = _new_exam(world, make, b"a,b\n1,2\n")
    assert done.code == 5
    assert "it can't be read" in _reasons(_verdict(world, done))["ERROR"]


def test_an_exam_with_another_digest(world, make):
    world.merge({DATA: make.parquet(rows=100)})
    done = world.gate()
    assert done.code == 5
    done.says(f"{EXAM}:6:", f"{DATA} holds sha256:")
    assert not world.verdict.exists()


def test_a_group_of_one_row_is_named_and_decides_as_the_policy_says(world, make):
    race = np.where(np.arange(1500) == 7, "C", "A")
    race[::2] = "B"
    content = make.parquet(race=race)
    by_race = "{gate: fairness, metric: selection_rate, by: [race], maximumDifference: 0.3}"
    world.merge({DATA: content, EXAM: make.exam(content), POLICY: make.policy(by_race)})
    done = world.gate("--format", "json")
    assert done.code == 3
    (judgement,) = _verdict(world, done)["judgements"]
    assert judgement["outcome"] == "INCONCLUSIVE"
    assert "C with any other" in judgement["reason"]
    assert {each["group"]: each["n"] for each in judgement["details"]["groups"]}["C"] == 1


def test_a_gate_that_nobody_knows(world, make):
    world.merge({POLICY: make.policy("{gate: acuracy, metric: roc_auc, minimum: 0.8}")})
    done = world.gate()
    assert done.code == 2
    done.says(f"{POLICY}:", "'acuracy'", "nearest: 'accuracy'")
    assert not world.verdict.exists()


def test_no_policy_that_applies(world, make):
    world.merge({POLICY: make.policy(environments="staging")})
    done = world.gate()
    assert done.code == 2
    done.says(f"{PRODUCTION}:3:", "no policy for model 'income' in 'production'", "appliesTo")


def test_all_errors_of_rules_and_release_are_said_at_once(world, make):
    world.merge({POLICY: "kind: [", EXAM: make.exam(b"").replace("label", "lable")})
    world.write({PRODUCTION: make.manifest().replace("weight: 50", "weight: 5")})
    done = world.gate()
    assert done.code == 2
    done.says(f"error: {POLICY}:2:1", f"error: {EXAM}:7:", f"error: {PRODUCTION}:9:")


def test_errors_of_the_project_file_hide_no_others(world):
    world.merge({"mlci.yaml": "kind: Project\n", POLICY: "kind: ["})
    done = world.gate()
    assert done.code == 2
    done.says("error: mlci.yaml:1:1", f"error: {POLICY}:2:1")


def test_a_verdict_of_an_earlier_run_is_not_taken_for_this_ones(world, make):
    assert world.gate().code == 0
    assert world.verdict.exists()
    world.write({PRODUCTION: make.manifest("2.0.0", content=b"nowhere")})
    assert world.gate().code == 5
    assert not world.verdict.exists()


def test_a_folder_that_can_not_be_written_is_said_before_anything_is_measured(world, tmp_path):
    (tmp_path / "file").touch()
    done = world.gate("--out", tmp_path / "file" / "out")
    assert done.code == 5
    done.says(f"{tmp_path}/file/out/verdict.json: Not a directory", "choose another with --out")
    assert "predictions" not in done.err


def test_the_folder_of_the_verdict_may_be_chosen(world, tmp_path):
    assert world.gate("--out", tmp_path / "deep" / "out").code == 0
    written = {each.name for each in (tmp_path / "deep/out").iterdir()}
    assert written == {
        "verdict.json",
        "junit.xml",
        "codequality.json",
        "metrics.txt",
        "report.md",
    }


def test_a_release_of_a_kind_that_can_not_be_measured_yet(world, make):
    world.write({PRODUCTION: make.manifest().replace("format: onnx", "format: skops")})
    done = world.gate()
    assert done.code == 2
    done.says("can't gate yet")
