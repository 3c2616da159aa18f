"""Both models sit the exam: what is read, how outputs are understood, and what is refused."""

import numpy as np
import pyarrow as pa
import pytest

from mlci.errors import Broken
from mlci.evaluation import dataset as dataset_module
from mlci.evaluation.examine import examine
from mlci.records.grouping import Grouping

FLOAT, INT64, STRING, BOOL, DOUBLE = 1, 7, 8, 9, 11

Y = [1, 0, 1, 0, 1, 0, 0, 0, 1]
S = np.array([0.9, 0.1, 0.4, 0.6, 0.5, 0.2, 0.0, 0.3, 1.0], np.float32)


def by(*columns):
    return [Grouping(column=column) for column in columns]


def broken(call, *words):
    with pytest.raises(Broken) as caught:
        call()
    assert caught.value.exit_code == 5
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_labels_scores_and_groups_row_for_row(sit, exam, parquet, echo):
    data = parquet({"y": Y, "s": S, "sex": list("fmfmfmfmf")})
    found = examine(sit(echo), None, exam(), data, by("sex"))
    assert found.rows == 9
    assert found.champion is None
    np.testing.assert_array_equal(found.truth, np.array(Y, bool))
    np.testing.assert_allclose(found.candidate.score, S.astype(float))
    np.testing.assert_array_equal(found.candidate.label, S > 0.5)
    assert found.groups["sex"].levels == ("f", "m")
    np.testing.assert_array_equal(found.groups["sex"].codes, [0, 1] * 4 + [0])


def test_a_tie_goes_to_the_first_class_as_argmax_has_it(sit, exam, parquet, echo):
    data = parquet({"y": ["a", "b"], "s": np.array([0.5, 0.5], np.float32)})
    second = examine(sit(echo), None, exam(positive="b"), data, [])
    first = examine(sit(echo), None, exam(positive="a"), data, [])
    assert not second.candidate.label.any()
    assert first.candidate.label.all()


def test_the_champion_sits_the_same_rows(sit, exam, parquet, echo):
    data = parquet({"y": Y, "s": S})
    found = examine(sit(echo), sit(echo), exam(), data, [])
    np.testing.assert_array_equal(found.champion.score, found.candidate.score)


def test_batches_change_nothing(sit, exam, parquet, echo, monkeypatch):
    data = parquet({"y": Y * 5, "s": np.tile(S, 5), "g": ["u", None, "v"] * 15})
    whole = examine(sit(echo), None, exam(), data, by("g"))
    monkeypatch.setattr(dataset_module, "BATCH_ROWS", 4)
    monkeypatch.setattr(dataset_module, "CODED_ROWS", 5)
    parts = examine(sit(echo), None, exam(), data, by("g"))
    np.testing.assert_array_equal(whole.truth, parts.truth)
    np.testing.assert_array_equal(whole.candidate.score, parts.candidate.score)
    np.testing.assert_array_equal(whole.groups["g"].codes, parts.groups["g"].codes)
    assert parts.groups["g"].levels == ("u", "v", "(null)")


@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        (["<=50K", ">50K", ">50K"], ">50K"),
        ([0, 1, 1], 1),
        ([0, 1, 1], None),
        ([False, True, True], True),
        ([False, True, True], 1),
        ([0.0, 1.0, 1.0], 1),
        (pa.array(["0", "1", "1"]).dictionary_encode(), 1),
        ([7, 9, 9], 9),
        (pa.array(["a", "b", "b"], pa.large_string()), "b"),
        (pa.array(["a", "b", "b"], pa.string_view()), "b"),
    ],
)
def test_labels_of_many_kinds(sit, exam, parquet, echo, labels, positive):
    data = parquet({"y": labels, "s": S[:3]})
    found = examine(sit(echo), None, exam(positive=positive), data, [])
    np.testing.assert_array_equal(found.truth, [False, True, True])


def test_a_pipeline_of_scikit_learn_answers_as_it_does_there(sit, exam, parquet, tmp_path):
    import pandas as pd
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"age": rng.normal(40, 9, 200).astype(np.float32), "work": rng.choice(list("xyz"), 200)}
    )
    y = np.where(frame.age + 9 * (frame.work == "x") + rng.normal(0, 5, 200) > 42, ">50K", "<=50K")
    pipeline = make_pipeline(
        ColumnTransformer([("n", StandardScaler(), ["age"]), ("c", OneHotEncoder(), ["work"])]),
        LogisticRegression(),
    ).fit(frame, y)
    graph = to_onnx(
        pipeline,
        initial_types=[("age", FloatTensorType([None, 1])), ("work", StringTensorType([None, 1]))],
        options={"zipmap": False},
    )
    path = tmp_path / "sk.onnx"
    path.write_bytes(graph.SerializeToString())
    data = parquet(
        {"y": y, "age": frame.age.to_numpy(), "work": pa.array(frame.work).dictionary_encode()}
    )
    found = examine(sit(path), None, exam(positive=">50K"), data, by("work"))
    expected = pipeline.predict_proba(frame)[:, list(pipeline.classes_).index(">50K")]
    np.testing.assert_allclose(found.candidate.score, expected, atol=1e-5)
    np.testing.assert_array_equal(found.candidate.label, pipeline.predict(frame) == ">50K")


def test_columns_are_stacked_into_a_matrix_in_the_named_order(sit, exam, parquet, graph):
    path = graph(
        [("MatMul", ["X", "w"], ["p"])],
        [("X", FLOAT, [None, 2])],
        [("p", FLOAT, [None, 1])],
        {"w": np.array([[0.1], [0.01]], np.float32)},
    )
    data = parquet({"y": [0, 1], "a": [1, 2], "b": [3.0, None]})
    with pytest.raises(Broken, match="nan"):
        examine(sit(path, inputs={"X": ("a", "b")}), None, exam(), data, [])
    data = parquet({"y": [0, 1], "a": [1, 2], "b": [True, False]})
    found = examine(sit(path, inputs={"X": ("a", "b")}), None, exam(), data, [])
    np.testing.assert_allclose(found.candidate.score, [0.11, 0.2], atol=1e-6)
    turned = examine(sit(path, inputs={"X": ("b", "a")}), None, exam(), data, [])
    np.testing.assert_allclose(turned.candidate.score, [0.11, 0.02], atol=1e-6)


def test_an_empty_value_is_nan_to_a_float_input(sit, exam, parquet, graph):
    path = graph(
        [("IsNaN", ["s"], ["q"]), ("Cast", ["q"], ["p"], {"to": FLOAT})],
        [("s", FLOAT, [None, 1])],
        [("p", FLOAT, [None, 1])],
    )
    data = parquet({"y": [0, 1], "s": [0.5, None]})
    found = examine(sit(path), None, exam(), data, [])
    np.testing.assert_array_equal(found.candidate.score, [0.0, 1.0])


def test_integers_booleans_and_strings_reach_inputs_of_their_type(sit, exam, parquet, graph):
    path = graph(
        [
            ("Cast", ["i"], ["fi"], {"to": DOUBLE}),
            ("Cast", ["b"], ["fb"], {"to": DOUBLE}),
            ("Mul", ["fi", "fb"], ["p"]),
            ("Identity", ["t"], ["label"]),
        ],
        [("i", INT64, [None]), ("b", BOOL, [None]), ("t", STRING, [None, 1])],
        [("p", DOUBLE, [None]), ("label", STRING, [None, 1])],
    )
    data = parquet({"y": ["u", "v"], "i": [1, 1], "b": [True, False], "t": ["u", "v"]})
    found = examine(sit(path), None, exam(positive="u"), data, [])
    np.testing.assert_array_equal(found.candidate.score, [1.0, 0.0])
    np.testing.assert_array_equal(found.candidate.label, [True, False])


def labelled(graph, **kinds):
    return graph(
        [
            ("Cast", ["s"], ["l"], {"to": INT64}),
            ("Identity", ["s"], ["p"]),
            ("Identity", ["s"], ["q"]),
        ],
        [("s", FLOAT, [None, 1])],
        [("l", INT64, [None, 1]), ("p", FLOAT, [None, 1]), ("q", FLOAT, [None, 1])],
    )


def test_outputs_that_are_not_unique_must_be_named(sit, exam, parquet, graph):
    path = labelled(graph)
    data = parquet({"y": [0, 1], "s": np.array([1.0, 0.0], np.float32)})
    broken(lambda: examine(sit(path), None, exam(), data, []), "l, p, q", "model.outputs")
    named = examine(sit(path, outputs={"label": "l", "probabilities": "q"}), None, exam(), data, [])
    np.testing.assert_array_equal(named.candidate.label, [True, False])
    only = examine(sit(path, outputs={"label": "l"}), None, exam(), data, [])
    assert only.candidate.score is None
    broken(
        lambda: examine(sit(path, outputs={"label": "ll"}), None, exam(), data, []), "'ll'", "near"
    )


def test_classes_say_which_column_is_positive(sit, exam, parquet, echo):
    data = parquet({"y": ["no", "yes"], "s": np.array([0.2, 0.9], np.float32)})
    plain = examine(sit(echo), None, exam(positive="yes"), data, [])
    turned = examine(sit(echo, classes=("yes", "no")), None, exam(positive="yes"), data, [])
    np.testing.assert_allclose(plain.candidate.score, [0.2, 0.9], atol=1e-6)
    np.testing.assert_allclose(turned.candidate.score, [0.8, 0.1], atol=1e-6)
    wrong = sit(echo, classes=("yes", "maybe"))
    broken(lambda: examine(wrong, None, exam(positive="yes"), data, []), "maybe", "'no', 'yes'")


# What can't be examined: each with the column or file, what was found, and what to do.


def test_a_missing_label_column_names_the_nearest(sit, exam, parquet, echo):
    data = parquet({"income": Y, "s": S})
    broken(
        lambda: examine(sit(echo), None, exam(label="incom"), data, []),
        "data/exam.parquet",
        "'incom'",
        "nearest: income",
    )


def test_a_positive_label_that_never_occurs(sit, exam, parquet, echo):
    data = parquet({"y": ["a", "b"], "s": S[:2]})
    broken(lambda: examine(sit(echo), None, exam(positive="c"), data, []), "'c'", "'a', 'b'")
    broken(lambda: examine(sit(echo), None, exam(positive=None), data, []), "positive label 1")


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ([1] * 3, "one label only"),
        ([1, 0, 2], "more than two labels: 1, 0, 2"),
        ([1, None, 0], "empty values"),
        ([1.0, float("nan"), 0.0], "empty values"),
        ([[1], [0], [1]], "values of type list"),
    ],
)
def test_labels_that_cant_be_examined(sit, exam, parquet, echo, labels, found):
    data = parquet({"y": labels, "s": S[:3]})
    broken(lambda: examine(sit(echo), None, exam(), data, []), "column 'y'", found)


def test_an_empty_parquet(sit, exam, parquet, echo):
    data = parquet({"y": pa.array([], pa.int64()), "s": pa.array([], pa.float32())})
    broken(lambda: examine(sit(echo), None, exam(), data, []), "no rows")


def test_a_truncated_a_foreign_and_a_missing_parquet(sit, exam, parquet, echo, tmp_path):
    data = parquet({"y": Y * 500, "s": np.tile(S, 500)})
    whole = data.read_bytes()
    data.write_bytes(whole[: len(whole) // 2])
    broken(lambda: examine(sit(echo), None, exam(), data, []), "can't be read", "whole Parquet")
    data.write_bytes(b"a,b\n1,2\n")
    broken(lambda: examine(sit(echo), None, exam(), data, []), "can't be read")
    broken(lambda: examine(sit(echo), None, exam(), tmp_path / "none", []), "no such file")


def test_a_damaged_page(sit, exam, parquet, echo):
    data = parquet({"y": Y * 500, "s": np.random.default_rng(0).random(4500).astype(np.float32)})
    content = bytearray(data.read_bytes())
    content[8:400] = bytes(392)
    data.write_bytes(bytes(content))
    broken(lambda: examine(sit(echo), None, exam(), data, []), "can't be read")


def test_two_columns_of_one_name(sit, exam, tmp_path, echo):
    import pyarrow.parquet as pq

    path = tmp_path / "two.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([0, 1])] * 2, names=["y", "y"]), path)
    broken(lambda: examine(sit(echo), None, exam(), path, []), "more than one column named 'y'")


def test_inputs_without_a_column_are_all_named(sit, exam, parquet, graph):
    path = graph(
        [("Add", ["age", "hours"], ["p"])],
        [("age", FLOAT, [None, 1]), ("hours", FLOAT, [None, 1])],
        [("p", FLOAT, [None, 1])],
    )
    data = parquet({"y": [0, 1], "ages": [0.1, 0.2], "z": [1, 2]})
    broken(lambda: examine(sit(path), None, exam(), data, []), "age, hours", "'age': nearest: ages")
    broken(
        lambda: examine(sit(path, inputs={"agee": ("ages",)}), None, exam(), data, []),
        "'agee'",
        "nearest: age",
    )


def test_a_model_that_reads_the_label(sit, exam, parquet, graph):
    path = graph([("Identity", ["y"], ["p"])], [("y", FLOAT, [None, 1])], [("p", FLOAT, [None, 1])])
    data = parquet({"y": [0, 1]})
    broken(lambda: examine(sit(path), None, exam(), data, []), "reads the label column 'y'")


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (FLOAT, ["a", "b"], "numbers"),
        (INT64, [0.5, 1.0], "integers"),
        (BOOL, [0, 1], "booleans"),
        (STRING, [0, 1], "strings"),
    ],
)
def test_columns_of_another_type(sit, exam, parquet, graph, kind, values, expected):
    to = FLOAT if kind != STRING else INT64
    path = graph([("Cast", ["s"], ["p"], {"to": to})], [("s", kind, [None, 1])], [("p", to, None)])
    data = parquet({"y": [0, 1], "s": values})
    broken(lambda: examine(sit(path), None, exam(), data, []), "column 's'", expected)


@pytest.mark.parametrize(
    ("kind", "values"), [(INT64, [1, None]), (BOOL, [True, None]), (STRING, ["1", None])]
)
def test_empty_values_where_the_input_has_none(sit, exam, parquet, graph, kind, values):
    path = graph(
        [("Cast", ["s"], ["p"], {"to": FLOAT})], [("s", kind, [None, 1])], [("p", FLOAT, None)]
    )
    data = parquet({"y": [0, 1], "s": values})
    broken(lambda: examine(sit(path), None, exam(), data, []), "empty value in row 1")


def test_integers_beyond_the_inputs_range(sit, exam, parquet, graph):
    path = graph([("Cast", ["s"], ["p"], {"to": FLOAT})], [("s", 6, [None, 1])], [("p", 1, None)])
    data = parquet({"y": [0, 1], "s": [1, 2**40]})
    broken(lambda: examine(sit(path), None, exam(), data, []), "1099511627776", "INT32")
    data = parquet({"y": [0, 1], "s": [-(2**31) - 1, 0]})
    broken(lambda: examine(sit(path), None, exam(), data, []), "-2147483649", "INT32")
    data = parquet({"y": [0, 1], "s": [-(2**31), 2**31 - 1]})
    broken(lambda: examine(sit(path), None, exam(), data, []), "finite probabilities")


@pytest.mark.parametrize("shape", [[None, 3], [5, 1], [None, 1, 1]])
def test_inputs_of_another_shape(sit, exam, parquet, graph, shape):
    path = graph([("Identity", ["s"], ["p"])], [("s", FLOAT, shape)], [("p", FLOAT, shape)])
    data = parquet({"y": Y, "s": S})
    broken(lambda: examine(sit(path), None, exam(), data, []), "shape [", "[any, 1] for s")


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -0.01, 1.01])
def test_scores_that_are_no_probabilities(sit, exam, parquet, echo, wrong):
    data = parquet({"y": Y, "s": np.array([*S[:-1], wrong], np.float32)})
    broken(lambda: examine(sit(echo), None, exam(), data, []), "models/m.onnx", "'p'", "in 1 of")


def test_answers_of_another_length(sit, exam, parquet, graph):
    shorter = graph(
        [("Slice", ["s", "zero", "two"], ["p"])],
        [("s", FLOAT, [None, 1])],
        [("p", FLOAT, [None, 1])],
        {"zero": np.array([0]), "two": np.array([2])},
    )
    data = parquet({"y": Y, "s": S})
    broken(lambda: examine(sit(shorter), None, exam(), data, []), "[2, 1] for 9 rows")
    three = graph(
        [("Concat", ["s", "s", "s"], ["p"], {"axis": 1})],
        [("s", FLOAT, [None, 1])],
        [("p", FLOAT, [None, 3])],
    )
    broken(lambda: examine(sit(three), None, exam(), data, []), "[9, 3] for 9 rows")
    labels = graph(
        [("Cast", ["s"], ["i"], {"to": INT64}), ("Concat", ["i", "i"], ["l"], {"axis": 0})],
        [("s", FLOAT, [None, 1])],
        [("l", INT64, [None, 1])],
    )
    broken(lambda: examine(sit(labels), None, exam(), data, []), "[18, 1] for 9 rows")
    wide = graph(
        [("Cast", ["s"], ["i"], {"to": INT64}), ("Concat", ["i", "i"], ["l"], {"axis": 1})],
        [("s", FLOAT, [None, 1])],
        [("l", INT64, [None, 2])],
    )
    broken(lambda: examine(sit(wide), None, exam(), data, []), "[9, 2] for 9 rows")


def test_a_label_that_the_data_dont_have(sit, exam, parquet, graph):
    path = graph(
        [("Identity", ["t"], ["l"])], [("t", STRING, [None, 1])], [("l", STRING, [None, 1])]
    )
    data = parquet({"y": ["no", "yes"], "t": ["no", "Yes"]})
    broken(lambda: examine(sit(path), None, exam(positive="yes"), data, []), "'Yes'", "'no', 'yes'")


def test_groups_a_missing_column_a_nested_one_and_too_many_levels(sit, exam, parquet, echo):
    rows = 2002
    data = parquet(
        {
            "y": [0, 1] * (rows // 2),
            "s": np.linspace(0, 1, rows, dtype=np.float32),
            "id": np.arange(rows) // 2,
            "list": [[1]] * rows,
            "few": np.arange(rows) % 1000,
        }
    )
    broken(lambda: examine(sit(echo), None, exam(), data, by("ids")), "'ids'", "nearest: id")
    broken(lambda: examine(sit(echo), None, exam(), data, by("id")), "more than 1000", "coarser")
    broken(lambda: examine(sit(echo), None, exam(), data, by("list")), "type list")
    found = examine(sit(echo), None, exam(), data, by("few"))
    assert found.groups["few"].levels == tuple(str(each) for each in range(1000))


def test_levels_are_sorted_whatever_the_order_of_the_rows(sit, exam, parquet, echo):
    data = parquet(
        {
            "y": [0, 1, 0, 1],
            "s": S[:4],
            "b": [True, None, False, True],
            "f": [2.5, float("nan"), float("nan"), -1.0],
        }
    )
    found = examine(sit(echo), None, exam(), data, by("b", "f"))
    assert found.groups["b"].levels == ("false", "true", "(null)")
    np.testing.assert_array_equal(found.groups["b"].codes, [1, 2, 0, 1])
    assert found.groups["f"].levels == ("-1.0", "2.5", "nan")
    np.testing.assert_array_equal(found.groups["f"].codes, [1, 2, 2, 0])


def test_a_pickle_named_onnx_and_other_formats_and_tasks(sit, exam, parquet, tmp_path, echo):
    data = parquet({"y": Y, "s": S})
    pickled = tmp_path / "p.onnx"
    pickled.write_bytes(b"\x80\x04\x95")
    broken(lambda: examine(sit(pickled), None, exam(), data, []), "pickle")
    broken(lambda: examine(sit(echo, format="skops"), None, exam(), data, []), "'skops'")
    other = sit(echo, task="regression")
    broken(lambda: examine(sit(echo), other, exam(), data, []), "'regression'", "one task")


def test_a_model_without_inputs(sit, exam, parquet, graph):
    path = graph(
        [("Identity", ["c"], ["p"])], [], [("p", FLOAT, [1])], {"c": np.array([0.5], np.float32)}
    )
    data = parquet({"y": Y, "s": S})
    broken(lambda: examine(sit(path), None, exam(), data, []), "no inputs")
