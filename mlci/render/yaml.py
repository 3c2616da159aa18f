"""JSON-like data (dicts, lists, scalars) -> YAML text: the same data, the same bytes.

Block style, keys in the order given, ASCII only, lines end with LF. What a reader of YAML could
take for anything else than the string it is stands in quotes.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

# A word that is a string to every reader: no number, date, boolean or null looks like it.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*\Z")
_WORDS = frozenset(
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"]
)
_QUOTED = re.compile(r"[\x20-\x26\x28-\x5b\x5d-\x7e]+\Z")  # no apostrophe, no backslash
_EMPTY: Mapping[type, str] = {dict: "{}", list: "[]"}
_COLLECTIONS = frozenset(_EMPTY)
_BEYOND_ASCII = re.compile(r"[^\x20-\x7e]")


def documents(objects: Iterable[Any], header: str) -> str:
    """Several documents of one stream; ``header`` becomes comment lines at its top."""
    comments = [f"# {line}".rstrip() for line in header.splitlines()]
    parts: list[str] = []
    for each in objects:
        lines: list[str] = []
        _block(each, "", lines)
        parts.append("\n".join(lines))
    return "\n".join([*comments, "---\n" + "\n---\n".join(parts), ""])


def document(value: Any, header: str) -> str:
    """One document."""
    lines = [f"# {line}".rstrip() for line in header.splitlines()]
    _block(value, "", lines)
    return "\n".join([*lines, ""])


def _block(value: Any, indent: str, lines: list[str]) -> None:
    inner = indent + "  "
    if type(value) is dict:
        for key, each in value.items():
            start = f"{indent}{_string(key)}:"
            if type(each) not in _COLLECTIONS:
                lines.append(f"{start} {_scalar(each)}")
            elif each:
                lines.append(start)
                _block(each, inner, lines)
            else:
                lines.append(f"{start} {_EMPTY[type(each)]}")
        return
    for each in value:
        if type(each) not in _COLLECTIONS:
            lines.append(f"{indent}- {_scalar(each)}")
        elif each:
            at = len(lines)
            _block(each, inner, lines)
            lines[at] = f"{indent}- {lines[at][len(inner) :]}"
        else:
            lines.append(f"{indent}- {_EMPTY[type(each)]}")


def _scalar(value: Any) -> str:
    if type(value) is str:
        return _string(value)
    if type(value) is int:
        return str(value)
    text = json.dumps(value, allow_nan=False)
    if type(value) is float and "." not in text:
        # An exponent without a fraction makes a string of it for some readers.
        return text.replace("e", ".0e")
    return text


@lru_cache(maxsize=1 << 16)
def _string(text: str) -> str:
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    if '"' in text and _QUOTED.match(text):
        return f"'{text}'"
    return _BEYOND_ASCII.sub(_escape, json.dumps(text, ensure_ascii=False))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
