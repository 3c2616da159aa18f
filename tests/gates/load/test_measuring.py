import multiprocessing
import pickle
import tempfile
import time

import psutil
import pytest

from mlci.records.outcome import Outcome

pytestmark = [pytest.mark.journey, pytest.mark.alone]

OBJECTIVES = {"p95": "250ms", "errorRate": "10%"}
# Wide enough for a machine that is busy with other tests: what is tight is tested on records.
RATIOS = {"maximumRatio": {"p50": 3.0, "p95": 4.0}}


@pytest.fixture(autouse=True)
def _nothing_is_left_running():
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    left = [
        child
        for child in psutil.Process().children(recursive=True)
        if child.pid not in before and "mlci" in " ".join(child.cmdline())
    ]
    assert not left


@pytest.fixture
def linear(onnx_models, tmp_path):
    return onnx_models.linear(tmp_path / "linear.onnx")


@pytest.fixture
def no_model(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(pickle.dumps({"a": 1}))
    return path


def test_models_of_the_same_speed_pass(spec, run_gate, linear):
    judged = run_gate(
        spec(budget="40s", objectives=OBJECTIVES, champion=RATIOS), linear, champion=linear
    )

    assert {key: each.outcome for key, each in judged.items()} == {
        "p95/objective": Outcome.PASS,
        "errorRate/objective": Outcome.PASS,
        "p50/maximumRatio": Outcome.PASS,
        "p95/maximumRatio": Outcome.PASS,
    }
    details = judged["p95/objective"].details
    assert details["candidate"]["requests"] >= judged["p95/objective"].n > 0
    assert details["generator"]["lagP99"] > 0


def test_a_slow_candidate_fails_objective_and_ratio(spec, run_gate, onnx_models, linear, tmp_path):
    slow = onnx_models.slow(tmp_path / "slow.onnx", 2000)
    limits = {"objectives": {"p95": "50ms"}, "champion": {"maximumRatio": {"p50": 1.5}}}

    judged = run_gate(spec(rate="10/s", **limits), slow, champion=linear)

    assert {each.outcome for each in judged.values()} == {Outcome.FAIL}
    assert judged["p50/maximumRatio"].interval[0] > 1.5


def test_a_candidate_that_fails_on_some_rows_fails_the_error_rate(
    spec, run_gate, onnx_models, tmp_path
):
    picky = onnx_models.picky(tmp_path / "picky.onnx")

    judged = run_gate(spec(objectives=OBJECTIVES), picky)

    assert judged["errorRate/objective"].outcome is Outcome.FAIL
    assert judged["errorRate/objective"].estimate == pytest.approx(0.25, abs=0.15)
    assert "status 500" in judged["errorRate/objective"].details["candidate"]["failures"]
    assert judged["p95/objective"].outcome is Outcome.FAIL


def test_a_champion_that_cant_be_served_is_an_error_of_the_ratio_alone(
    spec, run_gate, linear, no_model
):
    judged = run_gate(spec(objectives=OBJECTIVES, champion=RATIOS), linear, champion=no_model)

    assert judged["p95/maximumRatio"].outcome is Outcome.ERROR
    assert "a pickle" in judged["p95/maximumRatio"].reason
    assert judged["p95/objective"].outcome is Outcome.PASS
    assert judged["errorRate/objective"].outcome is Outcome.PASS


def test_a_ratio_alone_needs_the_champion(spec, run_gate, linear, no_model):
    judged = run_gate(spec(budget="5s", champion=RATIOS), linear, champion=no_model)

    assert {each.outcome for each in judged.values()} == {Outcome.ERROR}
    assert all("a pickle" in each.reason for each in judged.values())


def test_a_candidate_that_cant_be_served_is_an_error_of_all(spec, run_gate, linear, no_model):
    judged = run_gate(spec(objectives=OBJECTIVES, champion=RATIOS), no_model, champion=linear)

    assert {each.outcome for each in judged.values()} == {Outcome.ERROR}
    assert all("a pickle" in each.reason for each in judged.values())


def test_a_candidate_whose_inputs_the_data_lack_is_an_error(spec, run_gate, onnx_models, tmp_path):
    stacked = onnx_models.stacked(tmp_path / "stacked.onnx")

    judged = run_gate(spec(objectives=OBJECTIVES), stacked)

    assert judged["p95/objective"].outcome is Outcome.ERROR
    assert "no column 'X'" in judged["p95/objective"].reason


def test_a_budget_that_is_too_small_says_what_was_missing(spec, run_gate, linear):
    chosen = spec(budget="2s", objectives={"errorRate": "0.1%"}, champion=RATIOS)

    judged = run_gate(chosen, linear, champion=linear)

    assert judged["errorRate/objective"].outcome is Outcome.INCONCLUSIVE
    assert judged["errorRate/objective"].needed > 4000
    assert judged["errorRate/objective"].needed > judged["errorRate/objective"].n


def test_a_generator_that_is_late_voids_blocks_and_nothing_is_decided(spec, run_gate, linear):
    judged = run_gate(spec(budget="3s", objectives={"p95": "0.01ms"}), linear)

    objective = judged["p95/objective"]
    assert objective.outcome is Outcome.INCONCLUSIVE
    assert objective.details["blocks"]["counted"] == 0
    assert "late" in next(iter(objective.details["voidReasons"]))


def test_nothing_outlives_a_gate_that_is_killed(spec, run_gate, linear, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    context = multiprocessing.get_context("fork")

    chosen = spec(budget="60s", objectives={"errorRate": "0.01%"})
    gate = context.Process(target=run_gate, args=(chosen, linear))
    gate.start()
    children: list[psutil.Process] = []
    deadline = time.monotonic() + 30
    while len(children) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
        children = psutil.Process(gate.pid).children(recursive=True)
    gate.kill()
    gate.join()

    assert len(children) == 2
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
