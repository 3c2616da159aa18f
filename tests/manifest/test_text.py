import pytest

from mlci.errors import Invalid
from mlci.manifest.text import LARGEST, decode, hidden


def test_text_is_given_back():
    assert decode("a.yaml", "é: 1\r\n\tß\n".encode()) == "é: 1\r\n\tß\n"


def test_the_largest_file_is_read_and_one_byte_more_is_not():
    assert len(decode("a.yaml", b"a" * LARGEST)) == LARGEST
    with pytest.raises(Invalid, match=r"a\.yaml:1:1: more than 1 MiB"):
        decode("a.yaml", b"a" * (LARGEST + 1))


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"a: 1\nb: \xff", "a.yaml:2:4: byte 0xff"),
        ("a: ü".encode("utf-16"), "a.yaml:1:1: byte 0xff"),
        (b"\xed\xa0\x80", "a.yaml:1:1: byte 0xed"),
        (b"a\n\n b\x00", "a.yaml:3:3: the character U+0000"),
        ("ab\u2028".encode(), "a.yaml:1:3: the character U+2028"),
        ("x\x85".encode(), "a.yaml:1:2: the character U+0085"),
    ],
)
def test_what_is_no_text_is_refused_at_its_place(content, place):
    with pytest.raises(Invalid) as caught:
        decode("a.yaml", content)
    assert str(caught.value).startswith(place)


@pytest.mark.parametrize("mark", "\x00\x1b\x7f\x9f\u2029\u202e\u2066")
def test_hidden_characters_are_found(mark):
    assert hidden(f"ab{mark}c") == 2
    assert hidden("ab\t\n\rc é 😀 \u00a0") is None
