"""The message of a reversal: what it undoes, what it restores, why, and for which incident."""

import re
from collections.abc import Sequence

_LONGEST = 200
# What is left out could be a mention, a reference to an issue, or an order to skip the pipeline.
_ADMITTED = re.compile(r"[^\w .,:;%()=/+*<>'\"-]")


def one_line(text: str) -> str:
    """``text`` as data in a message: one line, no control characters, none of ``[]#@!``."""
    return " ".join(_ADMITTED.sub(" ", text).split())[:_LONGEST].strip()


def reversal_message(
    *,
    release: str,
    version: str,
    restored_version: str,
    restored_commit: str,
    undone: Sequence[str],
    complete: bool,
    reason: str,
    incident: str,
) -> str:
    """``release`` is ``<model>/<environment>``; ``version`` the one that is taken back."""
    body = [f"This reverts commit {commit}." for commit in undone]
    if not complete:
        body.append("The history since the restored delivery is not known here.")
    trailers = [
        *(f"Mlci-Reverts: {commit}" for commit in undone),
        f"Mlci-Restores: {restored_commit}",
        f"Mlci-Release: {release}@{one_line(version)}",
        f"Mlci-Reason: {one_line(reason) or 'not given'}",
        f"Mlci-Incident: {incident}",
    ]
    paragraphs = [[f"Revert {release} to {one_line(restored_version)}"], body, trailers]
    return "\n\n".join("\n".join(lines) for lines in paragraphs if lines) + "\n"
