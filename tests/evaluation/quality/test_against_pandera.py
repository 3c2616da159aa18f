"""pandera as the oracle: on random columns both find the same expectations broken."""

import re

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.evaluation.quality.columns import count
from mlci.evaluation.quality.hashing import hash_rows, hash_values
from mlci.evaluation.quality.sketch import Counter
from mlci.records.expectations import ColumnExpectation, Kind

NUMBERS = st.one_of(st.none(), st.integers(-5, 5).map(float), st.sampled_from([0.5, -0.5]))
TEXTS = st.one_of(st.none(), st.text("ab1\n", max_size=3))


def _oracle(values: pd.Series, check: pandera.Check) -> int:
    """How many values fail pandera's check; it leaves empty values out, as we do."""
    schema = pandera.SeriesSchema(checks=[check], nullable=True)
    try:
        schema.validate(values, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        return len(errors.failure_cases)
    return 0


def _wrong(values: pa.Array, **limits: object) -> int:
    found = count(values, ColumnExpectation(name="c", **limits))
    assert not found.incomparable
    return sum(found.wrong.values())


@settings(max_examples=20)
@given(st.lists(NUMBERS, min_size=1, max_size=8), st.integers(-4, 4), st.booleans())
def test_bounds_lists_and_empty_values_of_numbers(values, bound, as_nan):
    floats = [float("nan") if each is None and as_nan else each for each in values]
    column, series = pa.array(floats, pa.float64()), pd.Series(values, dtype="float64")
    checks = [
        ({"minimum": bound}, pandera.Check.ge(bound)),
        ({"maximum": bound}, pandera.Check.le(bound)),
        ({"one_of": (bound, 0.5)}, pandera.Check.isin([bound, 0.5])),
    ]
    for limits, check in checks:
        assert _wrong(column, kind=Kind.NUMBER, **limits) == _oracle(series, check)
    whole = pandera.Check(lambda each: each % 1 == 0)
    assert _wrong(column, kind=Kind.INTEGER) == _oracle(series, whole)
    assert count(column, ColumnExpectation(name="c")).nulls == int(series.isna().sum())


@settings(max_examples=20)
@given(
    st.lists(TEXTS, min_size=1, max_size=8), st.sampled_from(["a", "a|b1", "[ab]*", "1?", "(?i)A+"])
)
def test_patterns_and_lists_of_text(values, pattern):
    column, series = pa.array(values, pa.string()), pd.Series(values, dtype="object")
    whole = re.compile(pattern)
    matching = pandera.Check(lambda each: whole.fullmatch(each) is not None, element_wise=True)
    assert _wrong(column, kind=Kind.STRING, pattern=pattern) == _oracle(series, matching)
    listed = pandera.Check.isin(["a", ""])
    assert _wrong(column, kind=Kind.STRING, one_of=("a", "")) == _oracle(series, listed)


@settings(max_examples=20)
@given(st.lists(st.tuples(NUMBERS, TEXTS), min_size=1, max_size=12))
def test_rows_that_repeat(rows):
    frame = pd.DataFrame(rows, columns=["x", "s"]).astype({"x": "float64", "s": "object"})
    columns = [pa.array(frame["x"], pa.float64()), pa.array([s for _, s in rows], pa.string())]
    counter = Counter(1000)
    counter.add(hash_rows(hash_values(each) for each in columns))
    schema = pandera.DataFrameSchema(unique=["x", "s"], report_duplicates="exclude_first")
    expected = int(frame.duplicated().sum())
    assert counter.done().repeated(0.95)[0] == expected / len(rows)
    try:
        schema.validate(frame, lazy=True)
        unique = True
    except pandera.errors.SchemaErrors:
        unique = False
    assert unique is (expected == 0)


def test_the_kinds_are_those_that_pandera_knows_too():
    frame = pd.DataFrame(
        {"i": [1], "f": [0.5], "b": [True], "s": ["x"], "t": [np.datetime64(0, "s")]}
    )
    kinds = {"i": Kind.INTEGER, "f": Kind.NUMBER, "b": Kind.BOOLEAN, "s": Kind.STRING}
    names = {"i": int, "f": float, "b": bool, "s": str, "t": "datetime64[s]"}
    kinds["t"] = Kind.TIMESTAMP
    for column, own in kinds.items():
        for other in kinds.values():
            stored = pa.Array.from_pandas(frame[column])
            ours = not count(stored, ColumnExpectation(name="c", kind=other)).incomparable
            wanted = next(name for name, kind in kinds.items() if kind is other)
            try:
                pandera.SeriesSchema(names[wanted]).validate(frame[column])
                theirs = True
            except pandera.errors.SchemaError:
                theirs = False
            # A number may be whole: what is stored as an integer is one, and floats may hold them.
            numbers = {own, other} == {Kind.INTEGER, Kind.NUMBER}
            assert ours is (theirs or numbers), (column, other)
