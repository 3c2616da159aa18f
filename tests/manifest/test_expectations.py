"""Expectations as they are read, and that no value in any place of them is a crash."""

import json
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.errors import Invalid
from mlci.manifest.evaluation_set import parse_evaluation_set
from mlci.manifest.yaml import load
from mlci.records.expectations import ColumnExpectation, Duplicates, Kind

PATH = "evaluations/adult-2026.yaml"
CONTENT = (Path(__file__).parent / "cases/pass/exam-expectations" / PATH).read_bytes()
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=9),
    st.sampled_from(["(", "2026-13-01", "2026-01-01T00:00:00+99:00", "integer", "101%", "date"]),
    st.lists(st.integers(0, 3), max_size=3),
    st.dictionaries(st.sampled_from(["type", "minimum", "x"]), st.text(max_size=3), max_size=2),
)


def test_what_is_said_is_what_is_kept():
    found = parse_evaluation_set(PATH, CONTENT).expectations
    assert found.columns[:3] == (
        ColumnExpectation(name="age", kind=Kind.INTEGER, nulls=0.0, minimum=17, maximum=90),
        ColumnExpectation(name="hours", kind=Kind.NUMBER, nulls=0.05, minimum=0.5),
        ColumnExpectation(
            name="workclass", kind=Kind.STRING, nulls=0.06, one_of=("Private", "State-gov")
        ),
    )
    assert found.columns[-1] == ColumnExpectation(name="id", unique=True)
    assert (found.required, found.closed) == (("education",), True)
    assert (found.minimum_rows, found.maximum_rows) == (1000, 100_000)
    assert found.duplicates == Duplicates(maximum=0.001, columns=("id", "asked"))
    assert found.names[-2:] == ("id", "education")


@settings(max_examples=60)
@given(st.data(), JUNK)
def test_any_value_in_any_place_is_read_or_refused(data, junk):
    document = load(PATH, CONTENT)
    places = [keys for keys in document.source.places if keys[:2] == ("spec", "expectations")]
    *parents, last = data.draw(st.sampled_from(sorted(places, key=str)))
    target = document.value
    for key in parents:
        target = target[key]
    target[last] = junk
    with suppress(Invalid):
        parse_evaluation_set(PATH, json.dumps(document.value).encode())
