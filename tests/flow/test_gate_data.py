"""The data gate in a whole run: it goes first, and what it finds stops the others."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from mlci.flow.data_first import blocking
from mlci.records.delivery import State
from mlci.records.digest import digest_of
from mlci.records.judgement import Judgement, Limit, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.records.waiver import Waived

DATA, EXAM, POLICY = "data/exam.parquet", "evaluations/exam.yaml", "policies/all.yaml"
PRODUCTION, TRAIN = "releases/income/production.yaml", "data/train.parquet"
ACCURACY = "{gate: accuracy, metric: roc_auc, minimum: 0.8, champion: {margin: 0.05}}"
SIZE = "{gate: size, metric: model_bytes, maximum: 1MB}"
LOAD = "{gate: load, rate: 50/s, objectives: {p95: 500ms}, budget: 12s}"
GATE = "{gate: data}"
EXPECTING = "  expectations: {columns: {s: {type: number, nulls: 0%, minimum: 0, maximum: 1}}}\n"


def _outcomes(world):
    verdict = json.loads(world.verdict.read_text())
    found = {each["id"].split("/")[2]: each for each in verdict["judgements"]}
    return verdict, {metric: each["outcome"] for metric, each in found.items()}, found


def _broken(make, **columns):
    score = make.rows()["s"].copy()
    score[7] = 1.5
    return make.parquet(**{"s": score, **columns})


def test_sound_data_let_the_other_gates_measure(world, make):
    data = make.parquet()
    world.merge({POLICY: make.policy(SIZE, GATE), EXAM: make.exam(data) + EXPECTING})
    assert world.gate().code == 0
    verdict, outcomes, _ = _outcomes(world)
    assert verdict["outcome"] == "PASS"
    assert set(outcomes.values()) == {"PASS"}
    assert list(outcomes) == ["model_bytes", "schema", "nulls", "values", "duplicates", "leakage"]


def test_an_exam_may_be_a_folder_of_files_in_the_repository(world, make):
    parts = {f"sets/{n}.parquet": make.parquet(rows=n) for n in (900, 1200)}
    listed = "".join(f"{digest_of(parts[p])[7:]}  ./{p[5:]}\n" for p in sorted(parts))
    exam = make.exam(b"").replace(DATA, "sets").replace(digest_of(b""), digest_of(listed.encode()))
    world.merge({POLICY: make.policy(ACCURACY, SIZE, GATE), EXAM: exam + EXPECTING, **parts})
    assert world.gate().code == 0
    verdict, _, _ = _outcomes(world)
    counted = {each["n"] for each in verdict["judgements"] if each["metric"] == "roc_auc"}
    assert counted == {2100}


def test_broken_data_fail_the_verdict_and_nothing_else_is_measured(world, make):
    data = _broken(make)
    world.merge(
        {
            POLICY: make.policy(ACCURACY, LOAD, GATE),
            EXAM: make.exam(data) + EXPECTING,
            DATA: data,
        }
    )
    world.propose(b"no model that anything could open")
    done = world.gate("--format", "json")
    assert done.code == 1
    done.fits("verdict")
    verdict, outcomes, found = _outcomes(world)
    assert verdict["outcome"] == "FAIL"
    assert (outcomes["values"], outcomes["schema"]) == ("FAIL", "PASS")
    assert found["values"]["reason"] == "s: 1 above the maximum"
    assert (outcomes["roc_auc"], outcomes["p95"]) == ("SKIPPED", "SKIPPED")
    assert found["roc_auc"]["reason"] == "not measured: all/data/values/maximum is FAIL"


def test_data_that_can_not_be_read_are_an_error_and_nothing_else_is_measured(world, make):
    whole = make.parquet(rows=40_000)
    data = whole[:20_000] + whole[40_000:]
    world.merge({POLICY: make.policy(SIZE, GATE), EXAM: make.exam(data) + EXPECTING, DATA: data})
    done = world.gate()
    assert done.code == 5
    done.says("data/exam.parquet: it can't be read")
    verdict, outcomes, _ = _outcomes(world)
    assert verdict["outcome"] == "ERROR"
    assert set(outcomes.values()) == {"ERROR", "SKIPPED"}
    assert outcomes["model_bytes"] == "SKIPPED"


def test_a_data_gate_that_is_advice_stops_nothing(world, make):
    data = _broken(make)
    policy = make.policy(SIZE, "{gate: data, required: false}")
    world.merge({POLICY: policy, EXAM: make.exam(data) + EXPECTING, DATA: data})
    assert world.gate().code == 0
    _, outcomes, _ = _outcomes(world)
    assert (outcomes["values"], outcomes["model_bytes"]) == ("FAIL", "PASS")


def _trained_on(world, make, data):
    lineage = (
        f'  lineage: {{training: {{dataset: {{uri: {TRAIN}, digest: "{digest_of(data)}"}}}}}}\n'
    )
    world.write({TRAIN: data, PRODUCTION: make.manifest(content=make.model()) + lineage})


def test_rows_that_the_model_was_trained_on(world, make):
    world.merge({POLICY: make.policy(SIZE, GATE)})
    seen = {name: each[:100] for name, each in make.rows().items()}
    _trained_on(world, make, make.parquet(**seen))
    assert world.gate().code == 1
    _, outcomes, found = _outcomes(world)
    assert (outcomes["overlap"], outcomes["model_bytes"]) == ("FAIL", "SKIPPED")
    assert found["overlap"]["estimate"] == pytest.approx(100 / 1500)
    _trained_on(world, make, b"no data")
    (world.path / TRAIN).write_bytes(b"other bytes")
    assert world.gate().code == 5
    assert TRAIN in _outcomes(world)[2]["overlap"]["reason"]


def _shifted(make):
    score = make.rows()["s"]
    return make.parquet(s=(score**4).astype(np.float32))


def test_the_exam_that_the_champion_sat(world, make):
    world.merge({POLICY: make.policy(SIZE, GATE)})
    world.record(State.ADMITTED, State.HEALTHY)
    world.propose(make.model(mark="2"))
    assert world.gate().code == 0
    drift = _outcomes(world)[2]["drift"]
    assert (drift["outcome"], drift["interval"]) == ("PASS", [0.0, 0.0])
    assert "the champion sat the same data" in drift["reason"]

    data = _shifted(make)
    world.merge({EXAM: make.exam(data), DATA: data}, "another exam")
    assert world.gate().code == 1
    _, outcomes, found = _outcomes(world)
    assert (outcomes["drift"], outcomes["model_bytes"]) == ("FAIL", "SKIPPED")
    assert found["drift"]["reason"].startswith("drifted by more than 0.25: s by ")
    assert found["drift"]["details"]["rowsBefore"] == 1500


def test_an_exam_of_the_champion_that_is_gone_is_an_error(world, make, tmp_path):
    world.merge({POLICY: make.policy(SIZE, GATE)})
    world.record(State.ADMITTED, State.HEALTHY)
    data = _shifted(make)
    world.merge({EXAM: make.exam(data), DATA: data}, "another exam")
    world.release(make.model(mark="2"))
    shallow = tmp_path / "shallow"
    world.git("clone", "--quiet", "--depth", "1", f"file://{world.origin}", str(shallow))
    done = world.run("gate", PRODUCTION, at=shallow)
    assert done.code == 5
    done.says("in this copy of the repository", "fetch the whole history")
    world.merge({POLICY: make.policy(SIZE, "{gate: data, drift: false}")})
    world.git("-C", str(shallow), "pull", "--quiet")
    assert world.run("gate", PRODUCTION, at=shallow).code == 0


def test_a_waived_failure_of_the_data_stops_nothing():
    planned = Planned(
        id="p/data/schema/maximum",
        policy="p",
        gate="data",
        metric="schema",
        limit=Limit(kind=LimitKind.MAXIMUM, value=0.0),
        required=True,
        confidence=0.95,
    )
    judged = Judgement(planned=planned, outcome=Outcome.FAIL, reason="broken")
    assert blocking([judged]) is judged
    waived = Waived(policy="p", gate="data", reason="r", approver="a", expires=date(2026, 1, 1))
    assert blocking([replace(judged, waived=waived)]) is None
    assert blocking([replace(judged, outcome=Outcome.INCONCLUSIVE)]) is None
    assert blocking([replace(judged, planned=replace(planned, required=False))]) is None


def test_the_plan_says_what_is_checked_and_warns_of_ids(world, make):
    data = make.parquet(person=np.repeat(np.arange(500), 3))
    world.merge({POLICY: make.policy(SIZE, GATE), EXAM: make.exam(data), DATA: data})
    document = world.run("plan", PRODUCTION, "--format", "json").fits("plan")
    assert [each["metric"] for each in document["judgements"] if each["gate"] == "data"] == [
        "schema",
        "nulls",
        "values",
        "duplicates",
        "leakage",
    ]
    assert ["column 'person' looks like an id" in each for each in document["warnings"]] == [True]
    named = make.exam(data) + "  cluster: person\n"
    world.merge({EXAM: named})
    assert world.run("plan", PRODUCTION, "--format", "json").json["warnings"] == []
