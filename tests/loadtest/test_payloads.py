import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlci.errors import Broken
from mlci.loadtest.payloads import ROWS, payloads
from mlci.serving.session import open_model
from mlci.serving.tensors import decode


@pytest.fixture
def data(tmp_path):
    def write(**columns):
        pq.write_table(pa.table(columns), tmp_path / "d.parquet", row_group_size=300)
        return tmp_path / "d.parquet"

    return write


@pytest.fixture
def linear(onnx_models, tmp_path):
    return open_model(onnx_models.linear(tmp_path / "m.onnx"))


def inputs(body):
    return {each["name"]: each for each in json.loads(body)["inputs"]}


def test_each_input_carries_its_column(linear, data):
    path = data(age=np.arange(1000), hours=np.arange(1000) + 0.5, label=["x"] * 1000)

    bodies = payloads(linear, {}, path, seed=1)

    assert len(set(bodies)) == ROWS
    for body in bodies:
        given = inputs(body)
        assert set(given) == {"age", "hours"}
        assert given["age"]["shape"] == [1, 1]
        assert given["hours"]["data"][0] == given["age"]["data"][0] + 0.5
        decode(body, linear.inputs, linear.outputs)


def test_a_seed_chooses_the_rows(linear, data):
    path = data(age=np.arange(1000.0), hours=np.arange(1000.0))

    assert payloads(linear, {}, path, seed=1) == payloads(linear, {}, path, seed=1)
    assert payloads(linear, {}, path, seed=1) != payloads(linear, {}, path, seed=2)


def test_a_folder_of_files_is_one_exam(linear, tmp_path):
    """Its files in their order by name, whatever order they were written in."""
    folder = tmp_path / "exam"
    (folder / "b").mkdir(parents=True)
    whole = pa.table({"age": np.arange(900.0), "hours": np.arange(900.0)})
    pq.write_table(whole.slice(600), folder / "b" / "2.parquet", row_group_size=300)
    pq.write_table(whole.slice(0, 600), folder / "a.parquet", row_group_size=300)
    (folder / "README").write_text("no data")
    pq.write_table(whole, tmp_path / "d.parquet", row_group_size=300)

    bodies = payloads(linear, {}, folder, seed=1)

    assert bodies == payloads(linear, {}, tmp_path / "d.parquet", seed=1)
    assert {inputs(body)["age"]["data"][0] >= 600 for body in bodies} == {True, False}


def test_files_of_a_folder_may_have_dictionaries_of_their_own(onnx_models, tmp_path):
    model = open_model(onnx_models.picky(tmp_path / "m.onnx"))
    folder = tmp_path / "exam"
    folder.mkdir()
    for sex in ("Male", "Female"):
        column = pa.array([sex] * 3).dictionary_encode()
        pq.write_table(pa.table({"sex": column}), folder / f"{sex}.parquet")

    bodies = payloads(model, {}, folder, seed=1)

    said = sorted(inputs(body)["sex"]["data"][0] for body in bodies)
    assert said == ["Female"] * 3 + ["Male"] * 3


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, r"exam: no rows"),
        ({"a": {"age": [1.0], "hours": [1.0]}, "b": {"age": [1.0]}}, r"b\.parquet: no column 'h"),
        (
            {"a": {"age": [1.0], "hours": [1.0]}, "b": {"age": ["x"], "hours": [1.0]}},
            r"exam: files with columns of other types",
        ),
    ],
)
def test_a_folder_that_is_no_exam_is_broken(linear, tmp_path, files, says):
    folder = tmp_path / "exam"
    folder.mkdir()
    for name, columns in files.items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    with pytest.raises(Broken, match=says):
        payloads(linear, {}, folder, seed=1)


def test_columns_are_stacked_and_cast(onnx_models, tmp_path, data):
    model = open_model(onnx_models.stacked(tmp_path / "m.onnx"))
    path = data(hours=[40], age=[30])

    (body,) = payloads(model, {"X": ("age", "hours")}, path, seed=1)

    given = inputs(body)["X"]
    assert (given["shape"], given["data"]) == ([1, 2], [30.0, 40.0])


def test_text_stays_text(onnx_models, tmp_path, data):
    model = open_model(onnx_models.picky(tmp_path / "m.onnx"))

    (body,) = payloads(model, {}, data(sex=pa.array(["Male"]).dictionary_encode()), seed=1)

    assert inputs(body)["sex"]["data"] == ["Male"]


def test_rows_with_missing_values_are_left_out(linear, data):
    path = data(age=[1.0, None, np.nan, 4.0], hours=[1.0, 2.0, 3.0, None])

    assert len(payloads(linear, {}, path, seed=1)) == 1


def test_no_sayable_row_is_broken(linear, data):
    with pytest.raises(Broken, match="no row without missing values"):
        payloads(linear, {}, data(age=[None, None], hours=[1.0, 2.0]), seed=1)


def test_a_missing_column_is_broken(linear, data):
    with pytest.raises(Broken, match="no column 'hours'"):
        payloads(linear, {}, data(age=[1.0]), seed=1)


def test_text_for_a_number_is_broken(linear, data):
    with pytest.raises(Broken, match=r"'old' in column 'age'.*FP32 values"):
        payloads(linear, {}, data(age=["old"], hours=[1.0]), seed=1)


def test_what_is_no_parquet_is_broken(linear, tmp_path):
    path = tmp_path / "d.parquet"
    path.write_text("age,hours")

    with pytest.raises(Broken, match="not readable"):
        payloads(linear, {}, path, seed=1)
