import hashlib
import json
import math
import re
import tracemalloc
from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlci.errors import Invalid
from mlci.manifest.problems import MOST
from mlci.manifest.text import hidden
from mlci.manifest.yaml import DEEPEST, MOST_VALUES, load, scan

TEXT = st.text(max_size=20).filter(lambda text: hidden(text) is None)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=25,
)


class Quoting(yaml.SafeDumper):
    """Quotes every string and writes floats as JSON does."""

    def ignore_aliases(self, data):
        return True


def _quoted(dumper, text):
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


def _number(dumper, number):
    return dumper.represent_scalar("tag:yaml.org,2002:float", json.dumps(number), style=None)


Quoting.add_representer(str, _quoted)
Quoting.add_representer(float, _number)
# YAML 1.1 would tag a number such as 1e-05, which it takes for a string.
Quoting.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(".*e.*"), list("-0123456789"))


def _told(content):
    with pytest.raises(Invalid) as caught:
        load("a.yaml", content)
    return [str(problem) for problem in caught.value.problems]


def _types(value):
    yield type(value)
    if isinstance(value, dict):
        value = [each for entry in value.items() for each in entry]
    if isinstance(value, list):
        for each in value:
            yield from _types(each)


@given(JSON)
def test_json_is_read_as_json(value):
    assert load("a.yaml", json.dumps(value, ensure_ascii=False).encode()).value == value


@given(JSON, st.booleans())
def test_quoted_yaml_round_trips(value, flow):
    text = yaml.dump(value, Dumper=Quoting, default_flow_style=flow, allow_unicode=True)
    read = load("a.yaml", text.encode()).value
    assert read == value
    assert set(_types(read)) <= {dict, list, str, int, float, bool, type(None)}


@given(st.binary() | st.text(alphabet="{}[]:,-?&*!|>'\"%#\n ab01<~@`\t\\x").map(str.encode))
def test_any_bytes_give_json_or_invalid(content):
    with suppress(Invalid):
        value = load("a.yaml", content).value
        assert set(_types(value)) <= {dict, list, str, int, float, bool, type(None)}


@given(st.text(alphabet="{}[]:,-?|>'\"#\n ab1").map(str.encode))
def test_what_is_accepted_means_what_pyyaml_says(content):
    try:
        value = load("a.yaml", content).value
    except Invalid:
        return
    assert yaml.load(content, Loader=yaml.CSafeLoader) == value


def test_places_are_those_of_keys_and_items():
    source = load("a.yaml", b"a: 1\nb:\n  - x\n  - {c: 2}\n").source
    assert source.at() == "a.yaml:1:1"
    assert source.at("b") == "a.yaml:2:1"
    assert source.at("b", 0) == "a.yaml:3:5"
    assert source.at("b", 1, "c") == "a.yaml:4:6"
    assert source.at("b", 1, "missing") == "a.yaml:4:5"


def test_the_digest_is_that_of_the_bytes():
    source = load("a.yaml", b"a: 1\n").source
    assert source.digest == f"sha256:{hashlib.sha256(source.content).hexdigest()}"
    assert source.content == b"a: 1\n"


def test_every_problem_of_a_text_is_told():
    assert _told(b"a: &x 1\nb: *x\nc: !!str 3\n<<: {d: 1}\na: 2\n1: 2\n[1, 2]: 3\nd: NO\ne:\n") == [
        "a.yaml:1:4: the anchor 'x'; expected values without anchors",
        "a.yaml:2:4: an alias of 'x'; expected the value written out",
        "a.yaml:3:4: the tag '!!str'; expected values without tags",
        "a.yaml:4:1: the merge key <<; expected the keys written out",
        "a.yaml:5:1: the key 'a' a second time; expected each key once; the first is at 1:1",
        "a.yaml:6:1: 1 as a key; expected a key that is a string",
        "a.yaml:7:1: a list as a key; expected a key that is a string",
        "a.yaml:8:4: NO without quotes; expected quotes around a string, or true, false, null"
        " or a number as JSON writes it",
        'a.yaml:9:3: nothing; expected a value, or null or "" written out',
    ]


def test_what_stands_behind_a_problem_is_still_read():
    document, problems = scan("a.yaml", b"a: NO\nb: 2\n")
    assert document is not None
    assert document.value["b"] == 2
    assert len(problems) == 1


def test_a_document_may_be_as_deep_as_the_limit_and_no_deeper():
    assert load("a.yaml", b"[" * DEEPEST + b"]" * DEEPEST).value
    (problem,) = _told(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1))
    assert problem.startswith(f"a.yaml:1:{DEEPEST + 1}: more than {DEEPEST} collections")


MIB = 1024 * 1024
HOSTILE = {
    "depth in flow": b"[" * MIB,
    "depth in mappings": b"{a: " * (MIB // 4),
    "depth in blocks": b"- " * (MIB // 2),
    "depth in keys": b"? " * (MIB // 2),
    "many values": b"[" + b"0," * (MIB // 2 - 1) + b"]",
    "many deep values": b"[" * 49 + b"0," * 500_000,
    "many aliases": b"- *a\n" * (MIB // 5),
    "alias bomb": b"a: &a [x, x]\n"
    + b"".join(b"%c: &%c [*%c, *%c]\n" % (i + 1, i + 1, i, i) for i in range(97, 121)),
    "long digits": b"1" * MIB,
    "long fraction": b"1." + b"1" * (MIB - 2),
    "long exponent": b"1e" + b"1" * (MIB - 2),
    "long base 60": b"1" + b":1" * (MIB // 2 - 1),
    "long tag": b"!" * MIB,
    "long anchor": b"&" + b"a" * (MIB - 1),
    "long key": b"a" * (MIB - 3) + b": 1",
    "unclosed quotes": b'"' + b"\\n" * (MIB // 2 - 1),
    "unclosed scalar": b"'" + b"''" * (MIB // 2 - 1),
    "many documents": b"---\n" * (MIB // 4),
    "many directives": b"%A b\n" * (MIB // 5),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused_in_little_memory(content):
    tracemalloc.start()
    try:
        problems = _told(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(problems) <= MOST + 1
    assert problems
    assert all(len(each) < 500 for each in problems)
    assert peak < 64 * MIB


def test_values_are_counted():
    most = MOST_VALUES - 1
    assert len(load("a.yaml", b"[" + b"0," * most + b"]").value) == most
    (problem,) = _told(b"[" + b"0," * MOST_VALUES + b"]")
    assert "more than 50000 values" in problem


def test_numbers_stay_finite():
    assert math.isfinite(load("a.yaml", b"a: 1e308").value["a"])
    assert "fits in 64 bits" in _told(b"a: 1e309")[0]
