import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlci.manifest.scalars import NotJsonError, read_plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("0", 0),
        ("-17", -17),
        ("9223372036854775807", 2**63 - 1),
        ("0.95", 0.95),
        ("1e5", 1e5),
        ("-1.5E-3", -0.0015),
        ("1.5.0", "1.5.0"),
        ("0.5%", "0.5%"),
        ("25ms", "25ms"),
        ("200/s", "200/s"),
        ("4f2a9c1", "4f2a9c1"),
        ("north", "north"),
        ("nine", "nine"),
        (".", "."),
        ("-x", "-x"),
    ],
)
def test_reads_what_json_reads_and_strings(text, value):
    read = read_plain(text)
    assert read == value
    assert type(read) is type(value)


AMBIGUOUS = """
    NO no No on off Yes y N True FALSE Null ~ = <<
    010 0o17 0x1F 0b11 1_000 +12 -010 00 1:30 190:20:30 .5 5. 1_0.5 +1.5 .inf -.INF .nan .NaN
    2026-01-31 2026-1-31T10:20:30Z 1e999 -1e999 9223372036854775808 99999999999999999999999999
"""


@pytest.mark.parametrize(
    "text",
    [*AMBIGUOUS.split(), "", "2026-01-31 10:20:30", "2001-12-14t21:59:43.10-05:00", "1" * 101],
)
def test_refuses_what_readers_of_yaml_disagree_on(text):
    with pytest.raises(NotJsonError):
        read_plain(text)


@given(st.from_regex(r"[-+.~=<0-9a-zA-Z_:% ]{1,16}", fullmatch=True).map(str.strip))
def test_no_reader_takes_our_plain_strings_for_something_else(text):
    try:
        read = read_plain(text)
    except NotJsonError:
        return
    if isinstance(read, str):
        tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))
        assert tag == "tag:yaml.org,2002:str"
