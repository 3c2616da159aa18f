"""`mlci measure` and `mlci judge`: what they make of an exam together is what `mlci gate` makes."""

import json
import shutil
import zipfile

import numpy as np
import pytest

from mlci.records.delivery import State

PRODUCTION = "releases/income/production.yaml"
POLICY = "policies/all.yaml"
EXAM = "evaluations/exam.yaml"
DATA = "data/exam.parquet"

AUC = "{gate: accuracy, metric: roc_auc, minimum: 0.8, champion: {margin: 0.05}, slices: [race]}"
F1 = "{gate: accuracy, metric: f1, minimum: 0.6}"
FAIR = (
    "{gate: fairness, metric: selection_rate, by: [sex, [sex, race]], maximumDifference: 0.3,"
    " champion: {margin: 0.1}, smallGroups: report}"
)
ROBUST = (
    "{gate: robustness, perturbations: {noise: {columns: [s], scale: 0.05}},"
    " maximum: 60%, champion: {margin: 60%}}"
)
SIZE = "{gate: size, metric: model_bytes, maximum: 10MB}"
CHEAP = "{gate: data, drift: false}"


class Halves:
    """Parts of a world's release, one folder for all."""

    def __init__(self, world):
        self.world = world
        self.folder = world.path.parent / "parts"
        self.folder.mkdir(exist_ok=True)

    def measure(self, gate, shard, *more):
        out = self.folder / f"{gate.replace('/', '-')}-{shard.replace('/', '-of-')}.npz"
        done = self.world.run(
            "measure", PRODUCTION, "--gate", gate, "--shard", shard, "--out", out, *more
        )
        return done, out

    def all(self, gates):
        """The parts of all shards of these gates."""
        made = []
        for gate, of in gates.items():
            for number in range(1, of + 1):
                done, out = self.measure(gate, f"{number}/{of}")
                assert done.says().code == 0, done.err
                made.append(out)
        return made

    def judge(self, parts, *more):
        return self.world.run("judge", PRODUCTION, *parts, "--format", "json", *more)


@pytest.fixture
def halves(world):
    return Halves(world)


def _same(one, other, where=""):
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key, value in one.items():
            _same(value, other[key], f"{where}/{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for at, (left, right) in enumerate(zip(one, other, strict=True)):
            _same(left, right, f"{where}/{at}")
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-7, abs=1e-9), where
    else:
        assert one == other, where


def _champion(world, make, **exam):
    """A champion, and a merged candidate of another model; the exam has these lines more."""
    person = np.array([f"p{each}" for each in np.random.default_rng(3).integers(0, 400, 1500)])
    data = make.parquet(person=person)
    lines = "".join(f"  {key}: {value}\n" for key, value in exam.items())
    world.merge({EXAM: make.exam(data) + lines, DATA: data})
    world.record(State.ADMITTED, State.HEALTHY)
    return world.release(make.model("s", "2"))


@pytest.mark.parametrize("exam", [{}, {"cluster": "person"}])
def test_parts_in_any_order_make_the_verdict_of_one_run(world, halves, make, exam):
    _champion(world, make, **exam)
    world.merge({POLICY: make.policy(CHEAP, AUC, F1, FAIR, ROBUST, SIZE)})
    gates = {
        "data": 2,
        "accuracy/roc_auc": 3,
        "accuracy/f1": 1,
        "fairness/selection_rate": 2,
        "robustness": 2,
        "size/model_bytes": 2,
    }
    whole = world.gate("--no-cache", "--format", "json")
    parts = halves.all(gates)
    for order in (parts[::-1], parts[1::2] + parts[::2]):
        judged = halves.judge(order)
        assert judged.says().code == whole.code
        for one, other in zip(
            whole.json["judgements"], judged.fits("verdict")["judgements"], strict=True
        ):
            _same(one, other, one["id"])
        assert {each["outcome"] for each in judged.json["judgements"]} >= {"PASS"}
    assert json.loads(world.verdict.read_text())["outcome"] == judged.json["outcome"]
    if exam:
        assert whole.json["judgements"][6]["details"]["effectiveRows"] < 1500


def test_what_is_missing_is_an_error_that_names_it(world, halves, make):
    world.merge({POLICY: make.policy(F1, "{gate: accuracy, metric: recall, minimum: 0.1}")})
    parts = halves.all({"accuracy/f1": 3})
    done = halves.judge([parts[0], parts[2]])
    assert done.code == 5
    f1, recall = done.fits("verdict")["judgements"]
    assert (f1["outcome"], recall["outcome"]) == ("ERROR", "ERROR")
    assert "no part of shard 2/3 of this gate was given: `mlci measure" in f1["reason"]
    assert "--policy all --gate accuracy/recall --shard" in recall["reason"]
    done = halves.judge([])
    assert done.code == 5
    assert [each["outcome"] for each in done.json["judgements"]] == ["ERROR", "ERROR"]


def test_a_failed_shard_is_an_error_with_its_reason(world, halves, make):
    world.merge({POLICY: make.policy(F1)})
    world.release(make.model("s", "nan", "nan"))
    done, part = halves.measure("accuracy", "1/2", "--format", "json")
    assert done.says().code == 5
    assert "NaN" in done.fits("part")["failed"] or "nan" in done.json["failed"]
    shown, other = halves.measure("accuracy", "2/2")
    assert shown.says("ERROR: ").code == 5
    judged = halves.judge([part, other])
    assert judged.code == 5
    assert "nan" in judged.json["judgements"][0]["reason"]


def test_a_fail_is_a_fail_and_too_few_rows_decide_nothing(world, halves, make):
    world.merge({POLICY: make.policy("{gate: accuracy, metric: roc_auc, minimum: 0.99}")})
    done = halves.judge(halves.all({"accuracy": 2}))
    assert (done.code, done.json["outcome"]) == (1, "FAIL")
    world.merge({POLICY: make.policy("{gate: accuracy, metric: roc_auc, minimum: 0.83}")})
    done = halves.judge(halves.all({"accuracy": 2}))
    assert (done.code, done.json["outcome"]) == (3, "INCONCLUSIVE")


def test_more_shards_than_rows(world, halves, make):
    data = make.parquet(rows=3, y=np.array(["yes", "no", "yes"]))
    world.merge({POLICY: make.policy(F1), EXAM: make.exam(data), DATA: data})
    whole = world.gate("--no-cache", "--format", "json")
    judged = halves.judge(halves.all({"accuracy": 5}))
    assert judged.code == whole.code
    _same(whole.json["judgements"], judged.json["judgements"])


def test_broken_data_skip_the_other_gates_whose_parts_may_be_missing(world, halves, make):
    data = make.parquet()
    text = make.exam(data) + "  expectations: {rows: {minimum: 100000}}\n"
    world.merge({POLICY: make.policy(CHEAP, F1), EXAM: text})
    done = halves.judge(halves.all({"data": 2}))
    assert done.code == 1
    outcomes = {each["id"]: each["outcome"] for each in done.json["judgements"]}
    assert outcomes["all/data/schema/maximum"] == "FAIL"
    assert outcomes["all/accuracy/f1/minimum"] == "SKIPPED"


def _edited(part, folder, **about):
    """The part with another header, its digest made anew: a stranger's, but a whole one."""
    from mlci.gates.parts.file import read_part, write_part
    from mlci.gates.registry import halves as apart

    read = read_part(part, apart("accuracy").measurement)
    made = folder / f"edited-{len([*folder.iterdir()])}.npz"
    with made.open("wb") as stream:
        write_part(stream, type(read)(about={**read.about, **about}, measurement=read.measurement))
    return made


def test_parts_of_something_else_are_refused(world, halves, make, tmp_path):
    world.merge({POLICY: make.policy(F1)})
    one, two = halves.all({"accuracy": 2})

    def refused(parts, *words):
        done = halves.judge(parts)
        assert done.says(*words).code == 5, done.err
        assert not world.verdict.exists()

    again = shutil.copy(two, tmp_path / "again.npz")
    refused([one, two, again], "again.npz", "shard 2/2 again", "it once")
    _, three = halves.measure("accuracy", "3/3")
    refused([one, two, three], "3-of-3.npz", "shard 3/3", "one of 2")
    for key, value, words in (
        ("shard", "0/2", ["'0/2' is no shard"]),
        ("model", "sha256:" + "1" * 64, ["made of another model"]),
        ("exam", {}, ["made of another exam"]),
        ("policies", [], ["made of another policies"]),
        ("champion", ["a", "b"], ["made of another champion"]),
        ("judgements", [], ["made of another judgements"]),
        ("mlci", "0.0.0", ["made of another mlci: 0.0.0"]),
        ("versions", {"numpy": "0"}, ["measured with"]),
        ("gate", {"policy": "other", "entry": 0}, ["isn't judged here", "all/accuracy"]),
        ("gate", "accuracy", ["isn't judged here"]),
    ):
        refused([one, _edited(two, tmp_path, **{key: value})], *words)
    with zipfile.ZipFile(two, "a") as archive:
        archive.writestr("more", b"")
    refused([one, two], two.name, "other members", "measure it again")
    refused([one, tmp_path / "nothing.npz"], "nothing.npz", "No such file")


def test_parts_of_an_older_state_are_refused(world, halves, make):
    world.merge({POLICY: make.policy(F1)})
    parts = halves.all({"accuracy": 2})
    assert halves.judge(parts).code == 0
    world.merge({POLICY: make.policy(F1.replace("0.6", "0.5"))})
    assert halves.judge(parts).says("made of another policies").code == 5
    parts = halves.all({"accuracy": 2})
    world.release(make.model("s", "3"))
    assert halves.judge(parts).says("made of another release").code == 5


def test_which_gate_is_meant(world, halves, make):
    other = make.policy(F1, name="other")
    world.merge({POLICY: make.policy(AUC, F1), "policies/other.yaml": other})
    done, _ = halves.measure("accuracy", "1/1")
    assert (
        done.says(
            "3 gates of that name",
            "--policy all --gate accuracy/roc_auc; --policy all --gate accuracy/f1; "
            "--policy other --gate accuracy/f1",
        ).code
        == 2
    )
    assert halves.measure("accuracy", "1/1", "--policy", "other")[0].code == 0
    assert halves.measure("accuracy/roc_auc", "1/1")[0].code == 0
    done, _ = halves.measure("fairness", "1/1")
    assert done.says("no gate of that name", "--policy all --gate accuracy/roc_auc").code == 2
    for shard in ("3/2", "0/1", "x"):
        assert halves.measure("accuracy/roc_auc", shard)[0].says("no shard such as").code == 2


def test_a_load_gate_is_not_shared_out(world, halves, make):
    load = "{gate: load, rate: 20/s, objectives: {p95: 500ms}, budget: 2s}"
    world.merge({POLICY: make.policy(F1, load)})
    done, _ = halves.measure("load", "1/2")
    assert done.says("can't be shared out", "--shard 1/1").code == 2


def test_what_is_recorded_on_parts_is_what_a_gate_records(world, halves, make):
    text = world.release(make.model("s", "2"))
    world.merge({POLICY: make.policy(F1)})
    parts = halves.all({"accuracy": 2})
    assert halves.judge(parts, "--record").says("recorded as run 1").code == 0
    (verdict,) = world.verdicts(text).values()
    assert verdict["judgements"][0]["outcome"] == "PASS"
    assert halves.judge(parts, "--record").says("stands: same policies").code == 0
    world.propose(make.model("s", "4"), "4.0.0")
    assert halves.judge(halves.all({"accuracy": 1}), "--record").code == 4


def test_where_parts_go_by_themselves(world, make):
    world.merge({POLICY: make.policy(F1)})
    done = world.run("measure", PRODUCTION, "--gate", "accuracy", "--shard", "2/2")
    assert done.code == 0
    assert done.out.strip().endswith(".mlci/parts/all-0-2-of-2.npz")
    one = ("measure", PRODUCTION, "--gate", "accuracy", "--shard", "1/1")
    assert world.run(*one, "--base", "nowhere").says("nowhere").code == 2
    assert world.run(*one, "--out", "/proc/part.npz").says("/proc/part.npz").code == 5
