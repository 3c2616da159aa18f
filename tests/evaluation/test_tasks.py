"""Multiclass and regression exams, predictions made elsewhere, weights, clusters and bins."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlci.errors import Broken
from mlci.evaluation import dataset as dataset_module
from mlci.evaluation.examine import examine
from mlci.records.grouping import Grouping

FLOAT, INT64, STRING = 1, 7, 8
MULTI = {"task": "multiclass-classification"}
VALUES = {"task": "regression"}
Y = ["b", "a", "c", "b"]
P = np.array([[0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.2, 0.3, 0.5], [0.5, 0.4, 0.1]], np.float32)


def broken(call, *words):
    with pytest.raises(Broken) as caught:
        call()
    for word in words:
        assert word in str(caught.value), str(caught.value)


@pytest.fixture
def three(graph):
    """Gives the matrix input back as the probabilities of three classes."""
    return graph([("Identity", ["p"], ["q"])], [("p", FLOAT, [None, 3])], [("q", FLOAT, [None, 3])])


def columns(p=P, y=Y, **more):
    return {"y": y, **{f"p{at}": p[:, at] for at in range(p.shape[1])}, **more}


STACKED = {"inputs": {"p": ("p0", "p1", "p2")}}


def test_multiclass_codes_and_probabilities(sit, exam, parquet, three):
    found = examine(sit(three, **MULTI, **STACKED), None, exam(), parquet(columns()), [])
    assert found.classes == ("a", "b", "c")
    np.testing.assert_array_equal(found.truth, [1, 0, 2, 1])
    np.testing.assert_array_equal(found.candidate.label, [1, 0, 2, 0])
    np.testing.assert_allclose(found.candidate.score, P, atol=1e-7)


def test_declared_classes_say_the_order_and_may_be_more(sit, exam, parquet, three):
    data = parquet(columns(y=["b", "a", "a", "b"]))
    model = sit(three, classes=("z", "b", "a"), **MULTI, **STACKED)
    found = examine(model, None, exam(), data, [])
    assert found.classes == ("a", "b", "z")
    np.testing.assert_allclose(found.candidate.score, P[:, [2, 1, 0]], atol=1e-7)


def test_a_class_unseen_in_training(sit, exam, parquet, three):
    model = sit(three, classes=("a", "b", "z"), **MULTI, **STACKED)
    broken(
        lambda: examine(model, None, exam(), parquet(columns()), []),
        "rows labelled c",
        "model.classes doesn't list",
    )


def test_another_number_of_probabilities_than_classes(sit, exam, parquet, three):
    data = parquet(columns(y=["b", "a", "d", "c"]))
    model = sit(three, **MULTI, **STACKED)
    broken(lambda: examine(model, None, exam(), data, []), "[4, 3]", "[4, 4]")


@pytest.mark.parametrize(
    ("wrong", "word"), [(0.5, "sum to 1.4"), (-0.1, "-0.1"), (float("nan"), "nan"), (1.5, "1.5")]
)
def test_probabilities_that_are_none(sit, exam, parquet, three, wrong, word):
    p = P.copy()
    p[1, 2] = wrong
    model = sit(three, **MULTI, **STACKED)
    broken(lambda: examine(model, None, exam(), parquet(columns(p)), []), word)


def test_a_multiclass_label_that_is_none_of_the_classes(sit, exam, parquet, graph):
    path = graph(
        [("Identity", ["t"], ["l"])], [("t", STRING, [None, 1])], [("l", STRING, [None, 1])]
    )
    data = parquet({"y": Y, "t": ["b", "a", "c", "d"]})
    broken(lambda: examine(sit(path, **MULTI), None, exam(), data, []), "'d'", "'a', 'b', 'c'")


def test_regression_values(sit, exam, parquet, graph):
    path = graph([("Identity", ["x"], ["v"])], [("x", FLOAT, [None, 1])], [("v", FLOAT, [None, 1])])
    data = parquet({"y": [1, 2, 4], "x": np.array([1.5, 2.0, 3.0], np.float32)})
    found = examine(sit(path, **VALUES), None, exam(), data, [])
    np.testing.assert_array_equal(found.truth, [1.0, 2.0, 4.0])
    np.testing.assert_array_equal(found.candidate.label, [1.5, 2.0, 3.0])
    assert found.candidate.score is None
    bad = parquet({"y": [1, 2, 4], "x": np.array([1.5, np.inf, 3.0], np.float32)})
    broken(lambda: examine(sit(path, **VALUES), None, exam(), bad, []), "inf in 1 of 3")


@pytest.mark.parametrize(
    ("labels", "word"),
    [
        ([1.0, float("nan"), 2.0], "nan"),
        ([1.0, None, 2.0], "empty values"),
        (["1", "2", "3"], "string"),
        ([datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)], "timestamp"),
    ],
)
def test_labels_that_no_regression_has(sit, exam, parquet, echo, labels, word):
    data = parquet({"y": labels, "s": np.zeros(3, np.float32)})
    broken(lambda: examine(sit(echo, **VALUES), None, exam(), data, []), word)


def test_float_labels_that_are_integers(sit, exam, parquet, echo):
    data = parquet({"y": [0.0, 1.0, 1.0], "s": np.array([0.1, 0.9, 0.2], np.float32)})
    found = examine(sit(echo), None, exam(positive=1), data, [])
    np.testing.assert_array_equal(found.truth, [False, True, True])


def test_weights_and_clusters_row_for_row(sit, exam, parquet, echo):
    data = parquet(
        {
            "y": [0, 1, 1, 0],
            "s": np.zeros(4, np.float32),
            "w": [1, 2, 0, 3],
            "day": [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 1, 3)],
        }
    )
    found = examine(sit(echo), None, exam(weight="w", cluster="day"), data, [])
    np.testing.assert_array_equal(found.weight, [1.0, 2.0, 0.0, 3.0])
    assert found.cluster[0] == found.cluster[2] != found.cluster[1]
    assert len(set(found.cluster)) == 3


@pytest.mark.parametrize(
    ("weights", "word"),
    [
        ([1.0, -2.0, 1.0], "-2.0 in row 1"),
        ([1.0, float("nan"), 1.0], "nan in row 1"),
        ([1.0, float("inf"), 1.0], "inf in row 1"),
        ([0.0, 0.0, 0.0], "weights of zero"),
        ([1.0, None, 1.0], "empty values"),
        (["1", "1", "1"], "type string"),
    ],
)
def test_weights_that_are_none(sit, exam, parquet, echo, weights, word):
    data = parquet({"y": [0, 1, 1], "s": np.zeros(3, np.float32), "w": weights})
    broken(lambda: examine(sit(echo), None, exam(weight="w"), data, []), "column 'w'", word)


@pytest.mark.parametrize(
    ("clusters", "word"), [(["u", "u", "u"], "all rows"), (["u", None, "v"], "empty values")]
)
def test_clusters_that_are_none(sit, exam, parquet, echo, clusters, word):
    data = parquet({"y": [0, 1, 1], "s": np.zeros(3, np.float32), "c": clusters})
    broken(lambda: examine(sit(echo), None, exam(cluster="c"), data, []), "column 'c'", word)


def test_bins_of_numbers(sit, exam, parquet, echo):
    ages = [29.9, 30.0, 50.0, None, 70.0, float("nan")]
    data = parquet(
        {"y": [0, 1] * 3, "s": np.zeros(6, np.float32), "age": ages, "t": list("abcdef")}
    )
    bins = Grouping(column="age", bins=(30.0, 50.0, 60.0))
    groups = examine(sit(echo), None, exam(), data, [bins]).groups["age[30,50,60]"]
    assert groups.levels == ("< 30", "30 .. 50", "50 .. 60", ">= 60", "(null)")
    np.testing.assert_array_equal(groups.codes, [0, 1, 2, 4, 3, 4])
    text = Grouping(column="t", bins=(1.0,))
    broken(lambda: examine(sit(echo), None, exam(), data, [text]), "'t'", "numbers to be binned")


def test_a_folder_of_files_is_one_exam(sit, exam, tmp_path, echo, monkeypatch):
    monkeypatch.setattr(dataset_module, "BATCH_ROWS", 2)
    folder = tmp_path / "exam"
    folder.mkdir()
    for at, text in enumerate(["b", "a"]):
        table = pa.table({"y": [0, 1, 1], "s": np.full(3, at, np.float32), "g": [text] * 3})
        pq.write_table(table, folder / f"part-{at}.parquet")
    found = examine(sit(echo), None, exam(), folder, [Grouping(column="g")])
    np.testing.assert_array_equal(found.candidate.score, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(found.groups["g"].codes, [1, 1, 1, 0, 0, 0])
    pq.write_table(pa.table({"y": [1], "s": ["text"], "g": ["a"]}), folder / "part-2.parquet")
    broken(lambda: examine(sit(echo), None, exam(), folder, []), "part-2.parquet", "types")


def predictions(sit, tmp_path, **table):
    path = tmp_path / "predictions.parquet"
    pq.write_table(pa.table(table), path)
    task = table.pop("task", None)
    return sit(path, format="predictions", uri="models/p.parquet", **(task or {}))


def test_predictions_are_read_row_for_row(sit, exam, parquet, tmp_path):
    data = parquet({"y": [0, 1, 1], "id": [7, 8, 9]})
    model = predictions(sit, tmp_path, prediction=[0, 1, 0], score=[0.2, 0.9, 0.4], id=[7, 8, 9])
    found = examine(model, None, exam(), data, [])
    np.testing.assert_array_equal(found.candidate.label, [False, True, False])
    np.testing.assert_array_equal(found.candidate.score, [0.2, 0.9, 0.4])


def test_predictions_of_classes_by_their_columns(sit, exam, parquet, tmp_path):
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({f"score:{each}": P[:, at] for at, each in enumerate("bac")}), path)
    model = sit(path, format="predictions", **MULTI)
    found = examine(model, None, exam(), parquet({"y": Y}), [])
    np.testing.assert_allclose(found.candidate.score, P[:, [1, 0, 2]], atol=1e-7)


def test_predictions_in_another_order_or_of_another_length(sit, exam, parquet, tmp_path):
    data = parquet({"y": [0, 1, 1], "id": [7, 8, None]})
    swapped = predictions(sit, tmp_path, prediction=[0, 1, 1], id=[7, None, 8])
    broken(lambda: examine(swapped, None, exam(), data, []), "'id'", "in row 1", "order")
    short = predictions(sit, tmp_path, prediction=[0, 1])
    broken(lambda: examine(short, None, exam(), data, []), "2 rows", "the 3 rows")


@pytest.mark.parametrize(
    ("table", "word"),
    [
        ({"score": [0.2, 1.9, 0.4]}, "1.9"),
        ({"score": [0.2, None, 0.4]}, "empty values"),
        ({"score": ["a", "b", "c"]}, "type string"),
        ({"label": [0, 1, 1]}, "a column 'prediction', or 'score'"),
        ({"prediction": [0, 2, 1]}, "the label 2"),
        ({"prediction": [0, None, 1]}, "the label None"),
    ],
)
def test_predictions_that_are_none(sit, exam, parquet, tmp_path, table, word):
    model = predictions(sit, tmp_path, **table)
    broken(lambda: examine(model, None, exam(), parquet({"y": [0, 1, 1]}), []), word)
