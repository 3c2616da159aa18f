"""Any document, by its kind."""

from collections.abc import Callable, Mapping

from mlci.errors import BadInput
from mlci.manifest import evaluation_set, policy, project, release
from mlci.manifest.document import Reading, kind_of, read
from mlci.manifest.extends import extended
from mlci.manifest.outline import (
    Outline,
    outline_exam,
    outline_policy,
    outline_project,
    outline_release,
)
from mlci.manifest.problems import printable
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.policy import GatePolicy
from mlci.records.project import Project
from mlci.records.release import Release

Parsed = Project | EvaluationSet | Release | GatePolicy

_TYPED: Mapping[str, Callable[[Reading], Parsed]] = {
    "Project": project.typed,
    "EvaluationSet": evaluation_set.typed,
    "ModelRelease": release.typed,
    "GatePolicy": policy.typed,
}
_OUTLINED: Mapping[str, tuple[Callable[[Reading], None], Callable[[Reading], Outline]]] = {
    "Project": (project.check, outline_project),
    "EvaluationSet": (evaluation_set.check, outline_exam),
    "ModelRelease": (release.check, outline_release),
    "GatePolicy": (policy.check, outline_policy),
}


def parse(path: str, content: bytes, kind: str | None = None) -> Parsed:
    """The typed document. Raises Invalid with every problem of the file, and for another
    ``kind`` than the given one."""
    reading = _whole(read(path, content, kind))
    return _TYPED[reading.kind](reading)


def examine(path: str, content: bytes) -> tuple[Outline, list[BadInput]]:
    """What the document at ``path`` says to the others, and every problem of the file.

    Raises Invalid where there is nothing to read.
    """
    reading = _whole(read(printable(path), content, kind_of(path)))
    check, outline = _OUTLINED[reading.kind]
    check(reading)
    return outline(reading), reading.problems.found


def _whole(reading: Reading) -> Reading:
    """A policy together with the pack that it extends."""
    return extended(reading) if reading.kind == "GatePolicy" else reading
