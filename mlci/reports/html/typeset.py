"""Numbers with the signs of print instead of a terminal's: ≥, −, ×, and words between bounds."""

import re

from mlci.records.judgement import LimitKind, Planned
from mlci.reports import numbers

_ASKED = {
    LimitKind.MINIMUM: "at least {}",
    LimitKind.MAXIMUM: "at most {}",
    LimitKind.MARGIN: "against the champion, above {}",
    LimitKind.ANCHOR: "against the anchor, above {}",
    LimitKind.MAXIMUM_DIFFERENCE: "largest difference between groups at most {}",
    LimitKind.MINIMUM_RATIO: "smallest ratio between groups at least {}",
    LimitKind.MAXIMUM_RATIO: "at most {} of the champion’s",
    LimitKind.OBJECTIVE: "at most {}",
}
# A space before a unit never ends a line.
_UNIT = re.compile(r" (?=(?:%|pp|ms|s|[kMG]?B)\b|%)")
_WORDS = {">=": "at least", "<=": "at most", ">": "above"}


def typeset(number: str) -> str:
    """A text that ``mlci.reports.numbers`` made."""
    signed = " ".join(_signed(word) for word in number.split(" "))
    return _UNIT.sub("\u00a0", signed.replace(" .. ", " to "))


def asked(planned: Planned) -> str:
    """What the policy asks, as a phrase: ``at least 82.00 %``."""
    bare = numbers.limit(planned).split(" ", 1)[1]
    return _ASKED[planned.limit.kind].format(typeset(bare))


def bounded(planned: Planned) -> str:
    """The limit alone: ``at least 82.00 %``."""
    sign, bare = numbers.limit(planned).split(" ", 1)
    return f"{_WORDS[sign]} {typeset(bare)}"


def _signed(word: str) -> str:
    if word[:1] == "-" and len(word) > 1:
        return "−" + word[1:]
    return "×" + word[1:] if word[:1] == "x" else word
