"""Plain (unquoted) YAML scalars, read as JSON reads them and as nothing else.

Readers of YAML 1.1 and 1.2 disagree on what ``NO``, ``010`` or ``1:30`` mean. A plain scalar that
either of them takes for something else than a string must therefore be quoted.
"""

import math
import re
from functools import lru_cache

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_LARGEST = 2**63
_LONGEST = 100  # characters; no number needs more, and reading one takes quadratic time

# What the resolvers of YAML 1.1 (yaml.org/type) and of the YAML 1.2 core schema take for something
# else than a string, less what JSON reads: words in any case, and what begins like a number.
_AMBIGUOUS_WORDS = frozenset(
    ["~", "null", "y", "n", "yes", "no", "on", "off", "true", "false", "=", "<<"]
)
_AMBIGUOUS = re.compile(
    r"""
      [-+]?0b[01_]+ | [-+]?0o?[0-7_]+ | [-+]?0x[0-9a-f_]+        # other bases
    | [-+]?[0-9][0-9_]*                                          # signs, leading zeros, 1_000
    | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?           # base 60
    | [-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9_]+)(?:e[-+]?[0-9]+)?  # .5, 5., 1_0.5
    | [-+]?[0-9][0-9_]*e[-+]?[0-9]+
    | [-+]?\.inf | \.nan
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:t|[ \t]+)[0-9]{1,2}:.*)?  # dates and times
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMERIC = frozenset("0123456789+-.")


class NotJsonError(ValueError):
    """A plain scalar that must be written otherwise; the text says how."""


def read_plain(text: str) -> Scalar:
    """The JSON value of a plain scalar. Raises NotJsonError where readers of YAML disagree."""
    return _read_often(text) if len(text) <= _LONGEST else _read(text)


def _read(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if text == "":
        raise NotJsonError('a value, or null or "" written out')
    if text[0] in _NUMERIC:
        return _read_number(text)
    if len(text) <= 5 and text.lower() in _AMBIGUOUS_WORDS:
        raise _quote()
    return text


# Keys and names come again and again, in one file and in all files like it.
_read_often = lru_cache(maxsize=4096)(_read)


def _read_number(text: str) -> Scalar:
    if len(text) > _LONGEST:
        raise NotJsonError("a shorter number, or quotes around a string that begins like one")
    if _INTEGER.fullmatch(text):
        if not -_LARGEST <= int(text) < _LARGEST:
            raise NotJsonError("an integer of at most 64 bits, or quotes around a string")
        return int(text)
    if _NUMBER.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            raise NotJsonError("a number that fits in 64 bits, or quotes around a string")
        return number
    if _AMBIGUOUS.fullmatch(text):
        raise _quote()
    return text


def _quote() -> NotJsonError:
    return NotJsonError(
        "quotes around a string, or true, false, null or a number as JSON writes it"
    )
