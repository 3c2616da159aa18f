"""The data gate on real files: each check passes on sound data and fails on data that break it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from onnx import TensorProto, helper

from mlci.errors import Broken
from mlci.gates.forecast_data import counted
from mlci.gates.protocol import Bench, Contender, FormerExam
from mlci.gates.registry import find, goes_first
from mlci.policy.plan import plan
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.expectations import ColumnExpectation, Duplicates, Expectations, Kind
from mlci.records.outcome import Outcome
from mlci.records.release import Model, Release
from mlci.records.source import Source

GATE = find("data")
SOURCE = Source(path="x.yaml", digest="sha256:" + "0" * 64, content=b"", places={})
TRAINED = {"training": {"dataset": {"uri": "data/train.parquet", "digest": "sha256:" + "1" * 64}}}


def _rows(n=1200, seed=1, shift=0.0):
    random = np.random.default_rng(seed)
    return {
        "age": random.integers(17, 90, n),
        "score": random.normal(shift, 1.0, n),
        "job": random.choice(["a", "b", "c"], n),
        "sex": random.choice(["F", "M"], n),
        "y": random.choice(["no", "yes"], n),
    }


def _column(name, **limits):
    return ColumnExpectation(name=name, **limits)


class World:
    """An exam's file, a model that reads age, score and job, and what may lie beside them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.model = folder / "m.onnx"
        inputs = {"age": TensorProto.INT64, "score": TensorProto.DOUBLE, "job": TensorProto.STRING}
        graph = helper.make_graph(
            [helper.make_node("Identity", ["score"], ["p"])],
            "g",
            [helper.make_tensor_value_info(k, kind, [None, 1]) for k, kind in inputs.items()],
            [helper.make_tensor_value_info("p", TensorProto.DOUBLE, [None, 1])],
        )
        opset = helper.make_opsetid("", 17)
        onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), str(self.model))

    def file(self, columns, name="exam.parquet"):
        path = self.folder / name
        pq.write_table(pa.table(columns), path, row_group_size=500)
        return path

    def bench(self, data, expected=None, *, training=None, former=None, lineage=None, **fields):
        release = Release(
            source=SOURCE,
            name="income",
            environment="staging",
            version="1.0.0",
            task="binary-classification",
            model=Model(uri="models/m.onnx", digest=SOURCE.digest, format="onnx"),
            evaluation="exam",
            replicas=1,
            steps=(),
            lineage=TRAINED if training else lineage or {},
        )
        contender = Contender(release=release, model=self.model)
        return Bench(
            candidate=contender,
            champion=contender if former else None,
            exam=EvaluationSet(
                source=SOURCE,
                name="exam",
                uri="data/exam.parquet",
                digest="d",
                label="y",
                expectations=expected or Expectations(),
                **{"sensitive": ("sex",), **fields},
            ),
            data=data if isinstance(data, Path) else self.file(data),
            examination=lambda: pytest.fail("a model was asked"),
            say=lambda text: None,
            training=(lambda: training) if training else None,
            former=(lambda: former) if former else None,
        )


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def judged(world, spec, policy, stored):
    """Judgements by metric, of one run; the same from its file."""

    def run(data, expected=None, parameters=None, **how):
        bench = world.bench(data, expected, **how)
        stated = spec("data", **(parameters or {}))
        planned = GATE.plan(stated, policy(stated), comparing=bench.former is not None)
        if bench.candidate.release.training_data is None:
            planned = tuple(each for each in planned if not each.of_training)
        measured = GATE.measure(stated, planned, bench)
        found = GATE.judge(stated, planned, measured)
        assert GATE.judge(stated, planned, stored(measured)) == found
        assert tuple(each.planned for each in found) == planned
        json.dumps([dict(each.details) for each in found], allow_nan=False)
        return {each.planned.metric: each for each in found}

    return run


def _failing(found):
    return {metric for metric, each in found.items() if each.outcome is not Outcome.PASS}


def test_sound_data_pass_with_nothing_expected_and_no_model_is_opened(judged, world):
    world.model.unlink()
    found = judged(_rows(3000))
    assert list(found) == ["schema", "nulls", "values", "duplicates", "leakage"]
    assert not _failing(found)
    assert all((each.n, each.interval) == (3000, (0.0, 0.0)) for each in found.values())


def test_the_gate_goes_before_all_others():
    assert goes_first("data")
    assert not goes_first("size")


SOUND = Expectations(
    columns=(
        _column("age", kind=Kind.INTEGER, nulls=0.0, minimum=17, maximum=90),
        _column("score", kind=Kind.NUMBER, nulls=0.1, minimum=-10.5),
        _column("job", kind=Kind.STRING, one_of=("a", "b", "c"), pattern="[a-c]"),
    ),
    required=("sex",),
    closed=True,
    minimum_rows=1000,
    maximum_rows=2000,
    duplicates=Duplicates(maximum=0.0),
)


def test_sound_data_pass_under_every_expectation(judged):
    assert not _failing(judged(_rows(), SOUND))


@pytest.mark.parametrize(
    ("change", "broken", "says"),
    [
        ({"age": None}, {"schema", "nulls", "values"}, "age: no such column"),
        ({"age": ["17"] * 1200}, {"schema", "values"}, "values of type string, not integer"),
        ({"extra": [1] * 1200}, {"schema"}, "extra: a column that nobody expects"),
        ({"sex": None}, {"schema"}, "sex: no such column"),
        ({"age": [None] + [20] * 1199}, {"nulls"}, "0.08% empty, more than 0.00%"),
        ({"score": [float("nan")] * 121 + [0.5] * 1079}, {"nulls"}, "10.08% empty"),
        ({"age": [16] + [20] * 1199}, {"values"}, "1 below the minimum"),
        ({"age": [91] + [20] * 1199}, {"values"}, "1 above the maximum"),
        ({"age": [17.5] + [20.0] * 1199}, {"values"}, "1 not whole numbers"),
        ({"score": [float("inf")] + [0.0] * 1199}, {"values"}, "1 infinite"),
        (
            {"job": ["d"] + ["a"] * 1199},
            {"values"},
            "1 without a match of the pattern, 1 not listed",
        ),
        (
            {"job": ["aa"] + ["a"] * 1199},
            {"values"},
            "1 without a match of the pattern, 1 not listed",
        ),
    ],
)
def test_what_breaks_an_expectation_is_named(judged, change, broken, says):
    columns = {**_rows(), "n": np.arange(1200), **change}
    expected = replace(SOUND, required=("sex", "n"))
    found = judged({name: each for name, each in columns.items() if each is not None}, expected)
    assert _failing(found) == broken
    assert all(found[metric].outcome is Outcome.FAIL for metric in broken)
    assert any(says in found[metric].reason for metric in broken), found


@pytest.mark.parametrize(("limits", "ok"), [((1201, None), False), ((None, 1199), False)])
def test_too_few_or_too_many_rows(judged, limits, ok):
    expected = Expectations(minimum_rows=limits[0], maximum_rows=limits[1])
    assert (judged(_rows(), expected)["schema"].outcome is Outcome.PASS) is ok


def test_floats_that_are_whole_numbers_are_integers(judged):
    rows = _rows()
    rows |= {"age": rows["age"].astype(float), "y": (rows["y"] == "yes").astype(float)}
    columns = (_column("age", kind=Kind.INTEGER, one_of=tuple(range(17, 90))),)
    expected = Expectations(columns=(*columns, _column("y", kind=Kind.INTEGER, one_of=(0, 1))))
    assert not _failing(judged(rows, expected))


def test_timestamps_with_and_without_a_time_zone(judged):
    micros = np.arange(1200) * 1_000_000
    aware = pa.array(micros, pa.timestamp("us", "Asia/Dubai"))
    rows = {**_rows(), "at": aware, "wall": pa.array(micros, pa.timestamp("us"))}
    first, late = "1970-01-01T04:00:00+04:00", "1970-01-01T00:00:01Z"

    def expecting(column, minimum):
        return Expectations(columns=(_column(column, kind=Kind.TIMESTAMP, minimum=minimum),))

    assert not _failing(judged(rows, expecting("at", first)))
    assert "1 below" in judged(rows, expecting("at", late))["values"].reason
    assert not _failing(judged(rows, expecting("wall", "1970-01-01T00:00:00")))
    found = judged(rows, expecting("wall", late))
    assert _failing(found) == {"schema", "values"}
    assert "without a time zone" in found["schema"].reason
    found = judged(rows, expecting("at", "1970-01-01T00:00:00"))
    assert "the time zone Asia/Dubai, and bounds without an offset" in found["values"].reason


def test_rows_that_repeat(judged):
    rows = {name: np.concatenate([each, each[:63]]) for name, each in _rows().items()}
    found = judged(rows)["duplicates"]
    assert found.outcome is Outcome.PASS
    assert found.details["share"] == 63 / 1263
    rows = {name: np.concatenate([each, each[:64]]) for name, each in _rows().items()}
    assert judged(rows)["duplicates"].outcome is Outcome.FAIL
    named = Expectations(duplicates=Duplicates(maximum=0.5, columns=("job", "sex")))
    found = judged(_rows(), named)["duplicates"]
    assert "99.50% of rows repeat" in found.reason
    missing = Expectations(duplicates=Duplicates(maximum=0.5, columns=("nobody",)))
    assert judged(_rows(), missing)["duplicates"].outcome is Outcome.FAIL


def test_a_column_that_must_not_repeat(judged):
    expected = Expectations(columns=(_column("id", unique=True),))
    ids = np.arange(1200)
    assert not _failing(judged({**_rows(), "id": ids}, expected))
    ids[5] = 7
    found = judged({**_rows(), "id": ids}, expected)["duplicates"]
    assert found.outcome is Outcome.FAIL
    assert found.reason.startswith("id: 0.08% of values repeat")


@pytest.mark.parametrize("leak", ["equal", "encoded", "by its absence"])
def test_an_input_that_is_the_label_fails(judged, leak):
    rows = _rows()
    yes = rows["y"] == "yes"
    rows["job"] = {
        "equal": rows["y"],
        "encoded": np.where(yes, "7", "3"),
        "by its absence": pa.array(["x"] * 1200, mask=yes),
    }[leak]
    found = judged(rows)
    assert _failing(found) == {"leakage"}
    assert found["leakage"].reason == "input 'job' is one-to-one with the label"
    permitted = judged(rows, parameters={"leakage": {"except": ["job"]}})
    assert not _failing(permitted)


def test_a_numeric_input_that_is_a_numeric_label_in_another_unit_fails(judged):
    rows = _rows()
    rows["y"] = np.round(np.random.default_rng(3).normal(size=1200), 6)
    rows["score"] = (rows["y"] * 3.6 + 32).astype(np.float32)
    found = judged(rows)["leakage"]
    assert (found.outcome, found.reason) == (
        Outcome.FAIL,
        "input 'score' is on a straight line with the label",
    )
    rows["score"] = rows["y"] + np.random.default_rng(4).normal(0, 0.01, 1200)
    assert not _failing(judged(rows))


def test_a_column_that_is_the_label_and_that_the_model_does_not_read_is_no_leak(judged):
    rows = _rows()
    assert not _failing(judged({**rows, "copy": rows["y"]}))


def test_a_model_that_can_not_be_opened_where_it_matters_is_an_error(judged, world):
    world.model.write_bytes(b"no graph")
    rows = _rows()
    found = judged({**rows, "copy": rows["y"]})["leakage"]
    assert found.outcome is Outcome.ERROR
    assert "not loadable as ONNX" in found.reason


def test_the_share_of_rows_that_the_model_was_trained_on(judged, world):
    rows = _rows()
    few, many = 12, 13
    for seen, outcome in ((few, Outcome.PASS), (many, Outcome.FAIL)):
        train = _rows(3000, seed=2)
        train = {name: np.concatenate([each, rows[name][:seen]]) for name, each in train.items()}
        # Other columns, other order, other integer type: the same inputs and label.
        train = {"z": np.arange(3000 + seen), **dict(reversed(train.items()))}
        train["age"] = train["age"].astype(np.int32)
        found = judged(rows, training=world.file(train, "train.parquet"))["overlap"]
        assert (found.outcome, found.estimate) == (outcome, seen / 1200)
        assert found.interval == (found.estimate, found.estimate)
        assert found.details["trainingRows"] == 3000 + seen


def test_an_overlap_that_is_asked_for_and_can_not_be_had_is_an_error(judged, world):
    assert "overlap" not in judged(_rows())
    assert "overlap" not in judged(_rows(), parameters={"overlap": False}, training=Path("x"))
    found = judged(_rows(), parameters={"overlap": {"maximum": "0.1%"}})["overlap"]
    assert found.outcome is Outcome.ERROR
    assert "doesn't name its training data" in found.reason
    found = judged(_rows(), lineage=TRAINED)["overlap"]
    assert found.outcome is Outcome.ERROR
    train = _rows()
    del train["job"]
    found = judged(_rows(), training=world.file(train, "train.parquet"))["overlap"]
    assert found.outcome is Outcome.ERROR
    assert "no column 'job'" in found.reason


def _former(world, columns):
    exam = EvaluationSet(source=SOURCE, name="old", uri="data/old.parquet", digest="o", label="y")
    return FormerExam(exam=exam, data=columns and world.file(columns, "old.parquet"))


def test_drift_from_the_exam_that_the_champion_sat(judged, world):
    before = _former(world, _rows(5000, seed=9))
    same = judged(_rows(5000), former=before)["drift"]
    assert same.outcome is Outcome.PASS
    assert same.interval[0] == 0.0 <= same.estimate < 0.05
    found = judged(_rows(5000, shift=1.5), former=before)["drift"]
    assert found.outcome is Outcome.FAIL
    assert found.reason.startswith("drifted by more than 0.25: score by ")
    assert found.interval[0] > 0.25
    assert found.details["inputs"][0]["input"] == "score"


def test_a_new_category_and_new_empty_values_are_drift(judged, world):
    before = _former(world, _rows(5000, seed=9))
    rows = _rows(5000)
    rows["job"] = np.where(np.arange(5000) % 2, "new", rows["job"])
    assert "job by" in judged(rows, former=before)["drift"].reason
    rows = _rows(5000)
    rows["score"] = np.where(np.arange(5000) % 2, np.nan, rows["score"])
    assert "score by" in judged(rows, former=before)["drift"].reason


def test_drift_that_can_not_be_shown_is_never_a_pass(judged, world):
    few = judged(_rows(300), former=_former(world, _rows(5000, seed=9)))["drift"]
    assert few.outcome is Outcome.INCONCLUSIVE
    assert "fewer than the 500 that drift needs" in few.reason
    before = _former(world, _rows(5000, seed=9))
    blind = judged(_rows(1000), former=before, parameters={"drift": {"maximum": 0.01}})["drift"]
    assert blind.outcome is Outcome.INCONCLUSIVE
    assert "too few rows to show a drift of 0.02" in blind.reason
    assert blind.needed > 1000
    other = _rows(5000)
    none = judged(_rows(5000), former=_former(world, {"y": other["y"]}))["drift"]
    assert none.outcome is Outcome.ERROR
    assert "age: no such column in the champion's exam" in none.reason
    retyped = {**_rows(5000, seed=9), "age": ["x"] * 5000}
    some = judged(_rows(5000), former=_former(world, retyped))["drift"]
    assert some.reason.endswith("not compared: age")


def test_rows_that_belong_together_make_drift_harder_to_show(judged, world):
    before = _former(world, _rows(1000, seed=9))
    rows = {**_rows(1000, shift=1.0), "person": np.repeat(np.arange(20), 50)}
    assert judged(rows, former=before)["drift"].outcome is Outcome.FAIL
    found = judged(rows, former=before, cluster="person")["drift"]
    assert found.outcome is Outcome.INCONCLUSIVE


def test_the_same_exam_leaves_nothing_to_compare(judged, world):
    found = judged(_rows(), former=_former(world, None))["drift"]
    assert (found.outcome, found.interval) == (Outcome.PASS, (0.0, 0.0))
    assert "nothing to compare" in found.reason
    assert "drift" not in judged(_rows(), former=_former(world, None), parameters={"drift": False})


def test_an_exam_that_can_not_be_had_is_an_error_of_drift_alone(judged, world, spec, policy):
    def gone():
        raise Broken(place="there", found="no commit", expected="a commit")

    bench = replace(world.bench(_rows(), former=_former(world, None)), former=gone)
    stated = spec("data")
    planned = GATE.plan(stated, policy(stated), comparing=True)
    planned = tuple(each for each in planned if not each.of_training)
    found = GATE.judge(stated, planned, GATE.measure(stated, planned, bench))
    assert [each.outcome for each in found] == [Outcome.PASS] * 5 + [Outcome.ERROR]


def test_a_file_that_is_cut_in_the_middle_is_an_error(world, spec, policy):
    path = world.file({name: np.tile(each, 20) for name, each in _rows().items()})
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : 2 * len(content) // 3] = bytes(len(content) // 3)
    path.write_bytes(content)
    stated = spec("data")
    planned = GATE.plan(stated, policy(stated), comparing=False)
    with pytest.raises(Broken, match=r"data/exam.parquet: it can't be read"):
        GATE.measure(stated, planned, world.bench(path))
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(Broken, match="expected a whole Parquet file"):
        GATE.measure(stated, planned, world.bench(path))


def test_a_column_with_a_million_levels_costs_bounded_memory(judged):
    n = 1_000_000
    rows = {"y": np.arange(n) % 2, "age": np.arange(n), "score": np.arange(n) / 7}
    listed = _column("age", kind=Kind.INTEGER, one_of=(1, 2, 3))
    found = judged(rows, Expectations(columns=(listed,)), sensitive=())
    assert _failing(found) == {"values"}
    assert f"{n - 3:,} not listed" in found["values"].reason
    assert len(json.dumps(dict(found["values"].details))) < 1000


def test_a_column_that_looks_like_an_id_gives_a_warning(judged):
    person = {"person": np.repeat(np.arange(400), 3)}
    found = judged({**_rows(), **person})["duplicates"]
    assert found.outcome is Outcome.PASS
    assert "column 'person' looks like an id that rows share" in found.details["warnings"][0]
    assert "warning" in found.reason
    for quiet in (
        {"cluster": "person"},
        {"sensitive": ("sex", "person")},
        {"expected": Expectations(columns=(_column("person", unique=True),))},
    ):
        assert "warnings" not in judged({**_rows(), **person}, **quiet)["duplicates"].details
    row_number = judged({**_rows(), "row": np.arange(1200)})["duplicates"]
    category = judged({**_rows(), "shop": np.arange(1200) % 40})["duplicates"]
    read = judged({**_rows(), "age": np.repeat(np.arange(400), 3)})["duplicates"]
    for each in (row_number, category, read):
        assert "warnings" not in each.details


def test_shards_merge_to_the_whole_in_any_order(world, spec, policy):
    rows = {**_rows(), "person": np.repeat(np.arange(400), 3)}
    rows["job"] = np.where(rows["y"] == "yes", "1", "0")
    training = world.file({name: each[:40] for name, each in rows.items()}, "train.parquet")
    former = _former(world, {**_rows(2000, seed=9), "job": ["0", "1"] * 1000})
    stated = spec("data")
    planned = GATE.plan(stated, policy(stated), comparing=True)

    def measured(columns, name):
        data = world.file(columns, name)
        bench = world.bench(data, SOUND, training=training, former=former)
        return GATE.measure(stated, planned, bench)

    whole = GATE.judge(stated, planned, measured(rows, "whole.parquet"))
    cut = [slice(0, 300), slice(300, 310), slice(310, 1200)]
    parts = [
        measured({name: each[at] for name, each in rows.items()}, f"{n}.parquet")
        for n, at in enumerate(cut)
    ]
    for one, two, three in (parts, parts[::-1], [parts[1], parts[0], parts[2]]):
        assert GATE.judge(stated, planned, one + two + three) == whole
        assert GATE.judge(stated, planned, one + (two + three)) == whole
    assert {each.outcome for each in whole} >= {Outcome.PASS, Outcome.FAIL}
    other = measured({**rows, "more": rows["age"]}, "other.parquet")
    with pytest.raises(ValueError, match="different columns"):
        parts[0] + other


def test_the_overlap_is_planned_where_the_release_names_its_training_data(world, spec, policy):
    stated = spec("data")
    for lineage, metrics in (({}, 5), (TRAINED, 6)):
        release = world.bench(_rows(), lineage=lineage).candidate.release
        found = plan([policy(stated)], release, comparing=False, gate=find)
        assert len(found) == metrics
        assert ("overlap" in {each.metric for each in found}) is bool(lineage)
    release = world.bench(_rows()).candidate.release
    insisting = spec("data", overlap=True)
    assert len(plan([policy(insisting)], release, comparing=False, gate=find)) == 6


def test_the_forecast_says_that_drift_needs_rows(spec, policy):
    stated = spec("data")
    *_, overlap, drift = GATE.plan(stated, policy(stated), comparing=True)
    assert "fewer rows than the 500" in counted(stated, drift, 499).warning
    assert not counted(stated, drift, 500).warning
    assert "every row is counted" in counted(stated, overlap, 10).assuming
