import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.manifest.yaml import load
from mlci.render.yaml import document, documents

SCALARS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(
        ["no", "1e3", "0x1F", "2026-01-01", "~", "a: b", "a #b", "- a", "it's", '"', "\\"]
    ),
    st.integers(-(2**40), 2**40),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
)
DATA = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)
MAPPINGS = st.dictionaries(st.text(max_size=6), DATA, min_size=1, max_size=4)


@settings(max_examples=60)
@given(MAPPINGS)
def test_what_is_written_is_what_is_read(value):
    text = document(value, "Rendered.")
    assert text.isascii()
    assert "\r" not in text
    assert text.endswith("\n")
    assert json.dumps(yaml.load(text, yaml.CSafeLoader), sort_keys=True) == json.dumps(
        value, sort_keys=True
    )


def test_our_own_strict_reader_takes_it():
    value = {"a": "no", "b": ["1:30", {"c": "x", "d": []}, [], [1, [2]]], "e": {}, "f": "1_000"}
    assert load("a.yaml", document(value, "").encode()).value == value


def test_several_documents_and_a_header_of_lines():
    text = documents([{"a": 1}, {"b": "x y"}], "One.\nTwo.")
    assert text == "# One.\n# Two.\n---\na: 1\n---\nb: x y\n"


def test_nan_is_never_written():
    with pytest.raises(ValueError, match="JSON"):
        document({"a": float("nan")}, "")
