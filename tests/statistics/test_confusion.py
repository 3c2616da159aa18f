"""Metrics of a confusion table: scikit-learn's values, own gradients, and why there is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    precision_score,
    recall_score,
)

from mlci.statistics.confusion import gradient, undefined_because, value

NAMES = ("setosa", "versicolor", "virginica")
METRICS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
PER_CLASS = {"precision": precision_score, "recall": recall_score, "f1": f1_score}


@st.composite
def rows(draw: st.DrawFn) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    n = draw(st.integers(1, 25))
    column = st.lists(st.integers(0, 2), min_size=n, max_size=n)
    weight = draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    return np.array(draw(column)), np.array(draw(column)), np.array(weight) / 4.0


def counted(
    truth: NDArray[np.int64], said: NDArray[np.int64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.bincount(truth * 3 + said, weights=weight, minlength=9).reshape(3, 3)


@settings(max_examples=60, deadline=None)
@given(rows())
def test_values_are_scikit_learns(
    given: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
) -> None:
    truth, said, weight = given
    table = counted(truth, said, weight)
    assert value("accuracy", table) == pytest.approx(
        accuracy_score(truth, said, sample_weight=weight)
    )
    if len(set(truth)) == 3:
        assert value("balanced_accuracy", table) == pytest.approx(
            balanced_accuracy_score(truth, said, sample_weight=weight)
        )
    for metric, oracle in PER_CLASS.items():
        theirs = oracle(
            truth,
            said,
            labels=[0, 1, 2],
            average=None,
            sample_weight=weight,
            zero_division=np.nan,
        )
        ours = [float(value(metric, table, of)) for of in range(3)]  # type: ignore[arg-type]
        assert ours == pytest.approx(theirs.tolist(), nan_ok=True)
        # Unlike there, a class of which nothing is known makes the mean undefined.
        macro = float(value(metric, table))  # type: ignore[arg-type]
        assert macro == pytest.approx(float(np.mean(theirs)), nan_ok=True)
        reason = undefined_because(metric, table, NAMES)  # type: ignore[arg-type]
        assert (reason is None) is not np.isnan(macro)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("of", [None, 1])
def test_the_gradient_is_the_derivative_and_of_degree_zero(metric: str, of: int | None) -> None:
    if of is not None and metric in ("accuracy", "balanced_accuracy"):
        with pytest.raises(ValueError, match="there is none"):
            value(metric, np.ones((3, 3)), of)  # type: ignore[arg-type]
        return
    table = np.array([[8.0, 1.0, 2.0], [0.5, 6.0, 1.0], [2.0, 0.0, 3.0]])
    found = gradient(metric, table, of)  # type: ignore[arg-type]
    assert float((found * table).sum()) == pytest.approx(0.0, abs=1e-12)
    for place in np.ndindex(3, 3):
        moved = table.copy()
        moved[place] += 1e-6
        change = (value(metric, moved, of) - value(metric, table, of)) / 1e-6  # type: ignore[arg-type]
        assert found[place] == pytest.approx(float(change), abs=1e-5)


def test_many_tables_at_once_and_binary_is_class_one() -> None:
    tables = np.array([[[5, 1], [2, 4]], [[3, 3], [0, 6]]])
    assert value("precision", tables, 1).tolist() == [4 / 5, 6 / 9]
    assert value("recall", np.eye(3)[None], 2).tolist() == [1.0]
    assert value("recall", tables).tolist() == [(5 / 6 + 4 / 6) / 2, (3 / 6 + 1) / 2]


@pytest.mark.parametrize(
    ("metric", "table", "of", "reason"),
    [
        ("recall", [[3, 1], [0, 0]], None, "no row is of class b"),
        ("precision", [[3, 0], [1, 0]], 1, "no row is predicted as class b"),
        ("f1", [[3, 0], [0, 0]], None, "no row is of class b or predicted as b"),
        ("accuracy", [[0, 0], [0, 0]], None, "no rows"),
        ("recall", np.zeros((3, 3)), None, "no row is of class a, nor of 2 other classes"),
    ],
)
def test_an_undefined_value_says_what_is_lacking(
    metric: str, table: list[list[int]], of: int | None, reason: str
) -> None:
    assert undefined_because(metric, table, ("a", "b", "c"), of) == reason  # type: ignore[arg-type]
    assert np.isnan(value(metric, table, of))  # type: ignore[arg-type]


def test_what_cannot_be_is_refused() -> None:
    for metric, table in (("gini", np.ones((2, 2))), ("f1", np.ones((2, 3))), ("f1", np.ones(4))):
        with pytest.raises(ValueError, match="table"):
            value(metric, table)  # type: ignore[arg-type]
