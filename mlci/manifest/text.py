"""Bytes -> text that is safe to read: UTF-8, of limited size, and showing all that it says."""

import re

from mlci.errors import BadInput, Invalid

LARGEST = 1024 * 1024  # bytes

# Control characters, the line ends that only some readers count, and the marks that make an
# editor show text in another order than it is read in. Tab, line feed and carriage return may stay.
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def decode(path: str, content: bytes) -> str:
    """The text of a file. Raises Invalid: larger than 1 MiB, not UTF-8, hidden characters."""
    if len(content) > LARGEST:
        raise _refused(f"{path}:1:1", "more than 1 MiB", "a file of at most 1 MiB")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        found = f"byte 0x{content[error.start]:02x}, which is not UTF-8"
        raise _refused(_place(path, before), found, "text in UTF-8") from None
    if (at := hidden(text)) is not None:
        found = f"the character U+{ord(text[at]):04X}"
        expected = "text without control characters and marks of direction"
        raise _refused(_place(path, text[:at]), found, expected)
    return text


def hidden(text: str) -> int | None:
    """The index of the first character that a reader of the text can't see."""
    match = _HIDDEN.search(text)
    return match.start() if match else None


def _place(path: str, before: str) -> str:
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    return f"{path}:{line}:{column}"


def _refused(place: str, found: str, expected: str) -> Invalid:
    return Invalid((BadInput(place=place, found=found, expected=expected),))
