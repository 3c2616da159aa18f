"""Any document, by its kind -> what it says to the others, and what is wrong with it."""

from collections.abc import Callable, Mapping

from mlci.errors import BadInput
from mlci.manifest.document import Reading, dig, kind_of, read
from mlci.manifest.meaning import evaluation_set, policy, project, release
from mlci.manifest.outline import (
    Outline,
    outline_exam,
    outline_policy,
    outline_project,
    outline_release,
)
from mlci.manifest.problems import printable

_EXAMINED: Mapping[str, tuple[Callable[[Reading], None], Callable[[Reading], Outline]]] = {
    "Project": (project.check, outline_project),
    "EvaluationSet": (evaluation_set.check, outline_exam),
    "ModelRelease": (release.check, outline_release),
    "GatePolicy": (policy.check, outline_policy),
}


def examine(path: str, content: bytes) -> tuple[Outline, list[BadInput]]:
    """What the document at ``path`` says to the others, and every problem of the file.

    Raises Invalid where there is nothing to read.
    """
    reading = whole(read(printable(path), content, kind_of(path)))
    check, outline = _EXAMINED[reading.kind]
    check(reading)
    return outline(reading), reading.problems.found


def whole(reading: Reading) -> Reading:
    """A policy together with the pack that it extends."""
    if reading.kind != "GatePolicy" or dig(reading.value, "spec", "extends") is None:
        return reading
    from mlci.manifest.extends import extended  # what few policies need

    return extended(reading)
