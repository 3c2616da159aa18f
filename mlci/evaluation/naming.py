"""Words for messages: the name that was probably meant."""

import difflib
from collections.abc import Iterable, Sequence

SHOWN = 8


def nearest(name: str, names: Iterable[str]) -> str:
    """``"nearest: sex"``, or the names there are when none is near."""
    known = tuple(names)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"nearest: {close[0]}" if close else f"there is: {listed(known)}"


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    if not names:
        return "nothing"
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
