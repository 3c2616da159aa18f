"""What was measured before: found again by what it was measured of, and never trusted further."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from mlci.flow.cache import MOST_BYTES
from mlci.gates.parts.file import Part, read_part, write_part
from mlci.gates.registry import halves
from mlci.records.delivery import State

POLICY = "policies/all.yaml"
EXAM = "evaluations/exam.yaml"
DATA = "data/exam.parquet"
PRODUCTION = "releases/income/production.yaml"
AUC = "{gate: accuracy, metric: roc_auc, minimum: 0.8}"
FAIR = "{gate: fairness, metric: selection_rate, by: [sex], maximumDifference: 0.3}"

BEFORE, ASKED = "measured before: ", "predictions of"


def _entries(world):
    return sorted((world.path / ".mlci/cache").glob("*.npz"))


def _gate(world, *arguments):
    done = world.gate("--format", "json", *arguments).says()
    return done, done.json["judgements"]


def test_nothing_is_measured_twice(world, make):
    world.merge({POLICY: make.policy(AUC, FAIR, "{gate: data, drift: false}")})
    first, judged = _gate(world)
    assert ASKED in first.err
    assert BEFORE not in first.err
    assert len(_entries(world)) == 3
    again, same = _gate(world)
    assert (again.code, same) == (first.code, judged)
    assert [f"{BEFORE}all/{gate}" in again.err for gate in ("data", "accuracy", "fairness")]
    assert ASKED not in again.err
    anew, same = _gate(world, "--no-cache")
    assert same == judged
    assert ASKED in anew.err
    assert BEFORE not in anew.err


def test_another_limit_judges_what_was_measured(world, make):
    _gate(world)
    world.merge({POLICY: make.policy(AUC.replace("0.8", "0.99"), FAIR.replace("0.3", "0.29"))})
    done, judged = _gate(world)
    assert done.err.count(BEFORE) == 2
    assert (done.code, judged[0]["outcome"]) == (1, "FAIL")


@pytest.mark.parametrize("changed", ["model", "inputs", "data", "positive", "sensitive", "metric"])
def test_whatever_decides_a_measurement_makes_another(world, make, changed):
    world.merge({POLICY: make.policy(AUC)})
    _gate(world)
    assert len(_entries(world)) == 1
    data = make.parquet()
    match changed:
        case "model":
            world.propose(make.model("s", "2"))
        case "inputs":
            text = make.manifest(content=make.model()).replace(
                "format: onnx}", "format: onnx, inputs: {s: [noise]}}"
            )
            world.merge({PRODUCTION: text})
        case "data":
            data = make.parquet(rows=1400)
            world.merge({EXAM: make.exam(data), DATA: data})
        case "positive":
            world.merge({EXAM: make.exam(data, positive="no")})
        case "sensitive":
            world.merge({EXAM: make.exam(data).replace("[sex, race]", "[sex]")})
        case "metric":
            world.merge({POLICY: make.policy(AUC.replace("roc_auc", "f1"))})
    done, _ = _gate(world)
    assert BEFORE not in done.err
    assert len(_entries(world)) == 2


def test_what_is_damaged_or_about_something_else_is_measured_anew(world, make):
    world.merge({POLICY: make.policy(AUC)})
    good, _ = _gate(world)
    (of_good,) = _entries(world)
    world.release(make.model("noise", "2"))
    bad, judged = _gate(world)
    assert (good.code, bad.code) == (0, 1)
    (of_bad,) = {*_entries(world)} - {of_good}
    shutil.copy(of_good, of_bad)
    done, again = _gate(world)
    assert (done.code, again) == (1, judged)
    done.says("measured anew", "is about something else")
    for content in (b"", of_bad.read_bytes()[:500], b"x" + of_bad.read_bytes()):
        of_bad.write_bytes(content)
        done, again = _gate(world)
        assert (done.code, again) == (1, judged)
        assert BEFORE not in done.err or content.startswith(b"x")
    assert _gate(world)[0].says(BEFORE).code == 1


def test_what_admits_reads_no_cache(world, make):
    """An entry forged as carefully as can be deceives advice, never a recorded verdict."""
    world.merge({POLICY: make.policy(AUC)})
    _gate(world)
    (of_good,) = _entries(world)
    text = world.release(make.model("noise", "2"))
    assert _gate(world)[0].code == 1
    (of_bad,) = {*_entries(world)} - {of_good}
    root = halves("accuracy").measurement
    about, lie = read_part(of_bad, root).about, read_part(of_good, root).measurement
    with of_bad.open("wb") as stream:
        write_part(stream, Part(about=about, measurement=lie))
    assert _gate(world)[0].code == 0
    done, _ = _gate(world, "--record")
    assert done.code == 1
    assert BEFORE not in done.err
    assert [each["outcome"] for each in world.verdicts(text).values()] == ["FAIL"]


def test_what_fails_is_not_kept(world, make):
    world.merge({POLICY: make.policy(AUC, "{gate: size, metric: model_bytes, maximum: 10MB}")})
    world.release(make.model("s", "nan", "nan"))
    assert _gate(world)[0].code == 5
    assert _gate(world)[0].says("gives nan").code == 5
    assert _entries(world) == []


def test_two_runs_at_once(world, make):
    world.merge({POLICY: make.policy(AUC, FAIR)})
    argv = [sys.executable, "-m", "mlci", "gate", PRODUCTION, "--repository", str(world.path)]
    runs = [
        subprocess.Popen(
            [*argv, "--out", str(world.path.parent / f"out{number}")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    ends = [(run.communicate(timeout=120), run.returncode) for run in runs]
    assert [code for _, code in ends] == [0, 0], ends
    done, _ = _gate(world)
    assert done.err.count(BEFORE) == 2
    assert [
        each.name for each in (world.path / ".mlci/cache").iterdir() if each.name[0] == "."
    ] == []


def test_the_oldest_make_room_and_what_was_killed_is_removed(world, make):
    folder = world.path / ".mlci/cache"
    folder.mkdir(parents=True)
    now = time.time()
    for name, size, age in (
        ("old.npz", MOST_BYTES // 2, 9_000),
        ("older.npz", MOST_BYTES // 2, 10_000),
        ("young.npz", MOST_BYTES // 2 - 10_000_000, 10),
        (".left.npz-abc", 10, 9_000),
        (".begun.npz-abc", 10, 10),
    ):
        with (folder / name).open("wb") as file:
            file.truncate(size)  # without a byte on the disk
        os.utime(folder / name, (now - age, now - age))
    world.merge({POLICY: make.policy(AUC)})
    assert _gate(world)[0].code == 0
    names = {each.name for each in folder.iterdir()}
    assert names >= {"young.npz", "old.npz", ".begun.npz-abc"}
    assert not names & {"older.npz", ".left.npz-abc"}
    assert len(names) == 4


def test_a_cache_that_cannot_be_written_is_no_error(world, make):
    world.merge({POLICY: make.policy(AUC)})
    (world.path / ".mlci").mkdir(exist_ok=True)
    (world.path / ".mlci/cache").write_text("no folder")
    done, _ = _gate(world)
    assert done.says("not kept for the next run").code == 0
    assert BEFORE not in _gate(world)[0].err


def test_a_champion_and_its_reading_decide_too(world, make):
    world.record(State.ADMITTED, State.HEALTHY)
    world.release(make.model("s", "2"))
    assert _gate(world)[0].code == 0
    done, _ = _gate(world)
    assert done.err.count(BEFORE) == 2
    world.record(State.ADMITTED, State.HEALTHY)
    world.release(make.model("s", "3"), "3.0.0")
    assert BEFORE not in _gate(world)[0].err
